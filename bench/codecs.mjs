/**
 * Which codec should calls use? Encode, check and decode of one message, for each codec and size of data.
 *
 *     node bench/codecs.mjs [--smoke] [--seconds PER_CELL]
 *
 * The check is ours (packages/core/src/call/check-value.ts) and is part of each figure: no codec refuses
 * functions, streams and class instances by itself. It also takes buffers and typed arrays out of the message,
 * except where a codec is shown with them inside.
 */
import { createRequire } from 'node:module'
import os from 'node:os'
import { parseArgs } from 'node:util'
import v8 from 'node:v8'

const require = createRequire(import.meta.url)
const { Packr } = require('msgpackr')
const { checkValue } = require('../packages/core/build/call/check-value.js')

const { values: flags } = parseArgs({
  options: { smoke: { type: 'boolean', default: false }, seconds: { type: 'string', default: '0.08' } },
})
const seconds = flags.smoke ? 0.005 : Number(flags.seconds)
const ROUNDS = flags.smoke ? 1 : 5

const embedding = Float32Array.from({ length: 512 }, (_, index) => Math.sin(index))
const item = (index) => ({
  id: index,
  name: `item ${index}`,
  score: index / 7,
  tags: ['red', 'green'],
  owner: { id: `u${index}`, active: true, note: null },
})
const MESSAGES = {
  'one field': { text: 'hello' },
  'nested 2 KB': { query: 'find', items: Array.from({ length: 18 }, (_, index) => item(index)) },
  'nested 12 KB': { query: 'find', items: Array.from({ length: 110 }, (_, index) => item(index)) },
  'text 16 KB': { text: 'Grüße, 日本. '.repeat(1000) },
  'Float32Array 512': { vector: embedding },
  'number[] 512': { vector: [...embedding] },
  'Buffer 1 MB': { image: Buffer.alloc(1 << 20, 7) },
}

const packr = (options) => {
  const codec = new Packr({ useToJSON: false, ...options })
  return { encode: (value) => codec.pack(value), decode: (bytes) => codec.unpack(bytes) }
}
const maps = packr({ useRecords: false })
const records = packr({ useRecords: true, mapsAsObjects: true })
const CODECS = {
  'msgpackr maps': maps,
  'msgpackr records': records,
  'msgpackr shared records': packr({ structures: [], mapsAsObjects: true }),
  'msgpackr bundled strings': packr({ useRecords: true, bundleStrings: true, mapsAsObjects: true }),
  JSON: { encode: (value) => Buffer.from(JSON.stringify(value)), decode: (bytes) => JSON.parse(bytes.toString()) },
  'v8.serialize': { encode: v8.serialize, decode: v8.deserialize },
}

/** What the wire does with it: message encoded, attachments copied beside it once, as a socket would. */
function roundTrip(codec, value) {
  const checked = checkValue(value)
  const bytes = codec.encode(checked.value)
  const decoded = codec.decode(bytes)
  for (const attachment of checked.attachments ?? []) attachment.slice()
  return decoded
}

/** Data inside the message, as the codec has it by itself; JSON has no bytes. */
function roundTripInside(codec, value) {
  checkValue(value)
  return codec.decode(codec.encode(value))
}

function operationsPerSecond(run) {
  const started = process.hrtime.bigint()
  const limit = started + BigInt(Math.round(seconds * 1e9))
  let count = 0
  let now = started
  while (now < limit) {
    for (let index = 0; index < 10; index++) run()
    count += 10
    now = process.hrtime.bigint()
  }
  return count / (Number(now - started) / 1e9)
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
const microseconds = (rates) => (1e6 / median(rates)).toFixed(2).padStart(9)

const columns = [
  ['check only', (value) => checkValue(value)],
  ...Object.entries(CODECS).map(([name, codec]) => [name, (value) => roundTrip(codec, value)]),
  ['msgpackr, bytes inside', (value) => roundTripInside(CODECS['msgpackr records'], value)],
  ['v8, bytes inside', (value) => roundTripInside(CODECS['v8.serialize'], value)],
]

console.log(
  `Node ${process.version}, ${os.cpus().length} x ${os.cpus()[0]?.model}, load ${os.loadavg()[0]?.toFixed(1)}`,
)
console.log(`node bench/codecs.mjs --seconds ${seconds}: median µs of ${ROUNDS} alternating rounds\n`)
for (const [message, value] of Object.entries(MESSAGES)) {
  const rates = columns.map(() => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, [, run]] of columns.entries()) rates[index].push(operationsPerSecond(() => run(value)))
  }
  console.log(message)
  for (const [index, [name]] of columns.entries()) console.log(`  ${microseconds(rates[index])}  ${name}`)
}
