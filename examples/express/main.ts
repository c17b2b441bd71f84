import { makeApp } from './app.js'

const { app, ready, close } = makeApp()
await ready()

const port = Number(process.env.PORT ?? 3000)
const server = app.listen(port, '127.0.0.1', () => {
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`
  console.log(`curl -s ${url}/tickets -H 'content-type: application/json' -d '{"text":"Where is my parcel?"}'`)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.close(() => void close())
    server.closeIdleConnections()
  })
}
