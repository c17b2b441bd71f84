/**
 * Names that frameworks, test runners and the language look for on any object: a client has none of them.
 * Would `then` be a function, `await client` would call the service; Nest calls the hooks of what it is given.
 */
export const PROBED_NAMES: ReadonlySet<string> = new Set([
  'then',
  'catch',
  'finally',
  'toJSON',
  'inspect',
  'asymmetricMatch',
  '$$typeof',
  'nodeType',
  'tagName',
  'getter',
  'setter',
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
])
