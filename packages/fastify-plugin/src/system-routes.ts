import type { Mount, MountRoute } from '@ekiben/core/adapter'
import type { FastifyInstance } from 'fastify'
import { sendAnswer } from './send-answer.js'

/** The name of the constraint of system routes. */
const CONSTRAINT = 'ekibenSystem'
const ANSWERED = 'answered'

/**
 * Adds probes and pages at the root of an app, below no prefix. A route of the app's own, declared before or after,
 * is not a second one of theirs: theirs have a constraint, which no request fulfils whose path the app answers itself.
 */
export function addSystemRoutes(root: FastifyInstance, mount: Mount): void {
  const routes = mount.routes.filter(({ api }) => api === undefined)
  if (routes.length === 0) return
  if (root.hasConstraintStrategy(CONSTRAINT)) return void root.log.warn(TWICE)
  const answered = new Set<string>()
  root.addConstraintStrategy({
    name: CONSTRAINT,
    storage: () => new Map<string, never>() as never,
    validate: () => {},
    deriveConstraint: ({ url = '' }) => (answered.has(url.split('?', 1)[0] as string) ? ANSWERED : undefined) as string,
  })
  for (const route of routes) addRoute(root, mount, route)
  root.addHook('onReady', async () => {
    for (const { method, path } of routes) if (!root.hasRoute({ method, url: path })) answered.add(path)
  })
}

const TWICE = 'system routes are those of the first registration of servePlugin that asks for them'

function addRoute(root: FastifyInstance, mount: Mount, route: MountRoute): void {
  root.route({
    method: route.method,
    url: route.path,
    constraints: { [CONSTRAINT]: ANSWERED },
    // Probes come every few seconds.
    logLevel: 'warn',
    schema: { hide: true } as object,
    handler: async (request, reply) => sendAnswer(reply, await mount.answer(route, { headers: request.headers })),
  })
}
