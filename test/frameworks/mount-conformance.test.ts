import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMount, type Mount, type MountOptions } from '@ekiben/core/adapter'
import { type ConformanceService, type HostUnderTest, hostConformance } from '@ekiben/core/testing'
import { fetchListener } from '../../packages/core/build/bootstrap/fetch-listener.js'
import { silentLog } from '../helpers/silent-log.js'

/** A host that is nothing but a server of node:http, and hands all that comes to the mount. */
async function start(
  { service }: ConformanceService,
  listener: (mount: Mount) => RequestListener,
  options: MountOptions,
): Promise<HostUnderTest> {
  const mount = createMount(service, { system: 'all', log: silentLog, ...options })
  await mount.ready()
  const server = createServer(listener(mount)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close()
      mount.beginDrain()
      server.closeIdleConnections()
      await once(server, 'close')
      await mount.close()
    },
  }
}

const HANDLERS: Readonly<Record<string, (mount: Mount) => RequestListener>> = {
  'Mount.node': (mount) => (request, response) => mount.node(request, response),
  'Mount.fetch': (mount) => fetchListener(mount.fetch),
}

for (const [handler, listener] of Object.entries(HANDLERS)) {
  for (const errors of ['ekiben', 'host'] as const) {
    const name = `${handler}, errors: '${errors}'`
    hostConformance((given) => start(given, listener, { errors }), { name })
  }
}
