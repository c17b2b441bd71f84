-- As post.lua, but only what is asked in whole seconds after a time to settle counts: wrk ... -- SETTLE SECONDS [close]
-- With `close` each request has a connection of its own.
local message, first, settle, seconds
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  settle, seconds = tonumber(args[1]), tonumber(args[2])
  local headers = { ["content-type"] = "application/json" }
  if args[3] == "close" then headers["connection"] = "close" end
  message = wrk.format("POST", nil, headers,
    '{"text":"The food was wonderful and the staff were kind"}')
  first, counted = os.time(), 0
end

function request()
  local second = os.time() - first - settle
  if second >= 1 and second <= seconds then counted = counted + 1 end
  return message
end

function done(_, latency)
  local all = 0
  for _, thread in ipairs(threads) do all = all + thread:get("counted") end
  print(all .. " counted, p99 " .. latency:percentile(99) / 1000 .. " ms")
end
