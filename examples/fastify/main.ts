import { makeApp } from './app.js'

const app = makeApp()
const url = await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })
console.log(`curl -s ${url}/tickets -H 'content-type: application/json' -d '{"text":"Where is my parcel?"}'`)

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void app.close())
