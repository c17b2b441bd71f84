import { CallServer } from '../../call/call-server.js'
import { MovingDeadline } from '../../util/moving-deadline.js'
import type { Endpoint, Serving } from './endpoint.js'

/** Frames on a Unix socket of this worker's own. */
export function callEndpoint(path: string, { init, start, service, runner, log, counts, seat }: Serving): Endpoint {
  const { definition, schemaHash } = service
  const server = new CallServer({
    handler: runner.invoke.bind(runner),
    service: definition.name,
    slot: init.identity.slot,
    apis: Object.keys(definition.apis),
    schemaHash,
    log,
    counts: counts.requests,
    maxConcurrency: start.traffic?.maxConcurrency,
  })
  let drain: CallDrain | undefined
  return {
    callers: () => server.callers,
    listen: async () => {
      await server.listen(path)
      seat.offer(path, (socket) => server.accept(socket))
      return path
    },
    drain: ({ timeoutMs }) => {
      drain ??= new CallDrain(server)
      drain.endWithin(timeoutMs)
      return drain.cut
    },
  }
}

/** Lets the calls in flight end, for as long as it is given. */
class CallDrain {
  /** What had to be cut. */
  readonly cut: Promise<readonly string[]>
  readonly #deadline = new MovingDeadline()

  constructor(server: CallServer) {
    this.cut = this.#run(server)
  }

  /** Counted from now; the last word counts. */
  endWithin(timeoutMs: number): void {
    this.#deadline.set(timeoutMs)
  }

  async #run(server: CallServer): Promise<readonly string[]> {
    await Promise.race([server.drain(), this.#deadline.passed])
    this.#deadline.clear()
    const cut = Array.from({ length: server.inFlight }, () => 'a call from another service')
    await server.close()
    return cut
  }
}
