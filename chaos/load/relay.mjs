import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'

/** A TCP relay on a free port of loopback that holds everything back for so long, each way: data, ends and resets. */
export async function startRelay(target, latencyMs) {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = createConnection({ ...target, allowHalfOpen: true, noDelay: true })
    pass(near, far, latencyMs)
    pass(far, near, latencyMs)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: server.address().port, host: '127.0.0.1', close: () => server.close() }
}

function pass(from, to, latencyMs) {
  // Timers of one length fire in the order they were set.
  const later = (act) => setTimeout(act, latencyMs)
  from.on('data', (chunk) => later(() => to.writable && to.write(chunk)))
  from.on('end', () => later(() => to.end()))
  from.on('error', () => later(() => to.resetAndDestroy()))
  from.on('close', () => later(() => to.destroy()))
}
