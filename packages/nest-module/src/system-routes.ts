import type { Mount, MountRoute } from '@ekiben/core/adapter'
import type { AbstractHttpAdapter } from '@nestjs/core'
import { sendAnswer } from './send-answer.js'

/** Adds probes and pages below no prefix and behind no guard; a route of the app's own stays. */
export function addSystemRoutes(adapter: AbstractHttpAdapter, mount: Mount): void {
  for (const route of mount.routes) {
    if (route.api !== undefined || isTaken(adapter, route)) continue
    adapter.get(route.path, async (_request: unknown, response: object) => {
      const answer = await mount.answer(route, { headers: {} })
      adapter.reply(response, sendAnswer(adapter, response, answer), answer.statusCode)
    })
  }
}

/** Express gives a request to the first of its routes, Fastify takes no second one. */
function isTaken(adapter: AbstractHttpAdapter, { method, path: url }: MountRoute): boolean {
  if (adapter.getType() !== 'fastify') return false
  return (adapter.getInstance() as { hasRoute(route: object): boolean }).hasRoute({ method, url })
}
