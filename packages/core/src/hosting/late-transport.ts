import type { CallTransport } from '../call/service-client.js'

/** Carries calls to what may not run yet: each waits until it does. */
export function lateTransport(start: () => Promise<CallTransport>): CallTransport {
  return {
    call: async (api, input, options) => (await start()).call(api, input, options),
    stream: (api, input, options) => {
      let items: AsyncIterator<unknown, undefined> | undefined
      return {
        next: async () => {
          items ??= (await start()).stream(api, input, options)
          return items.next()
        },
        return: async () => (await items?.return?.()) ?? { done: true, value: undefined },
      }
    },
  }
}
