wrk.method = "POST"
wrk.body = '{"text":"The food was wonderful and the staff were kind"}'
wrk.headers["content-type"] = "application/json"
