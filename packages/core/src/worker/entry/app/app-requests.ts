import type { ServerResponse } from 'node:http'
import { Connection } from '../../../http/connection-table.js'
import { currentAnswer } from '../../../net/private-api.js'
import { CallsInFlight, type CallsView } from '../../../runner/calls-in-flight.js'
import { once } from '../../../util/once.js'
import { AppRequest } from './app-request.js'

const kFollowed: unique symbol = Symbol('ekiben.followed')

interface AppAnswer extends ServerResponse {
  [kFollowed]?: true
}

/** A connection to a server of an app's. */
export class AppConnection extends Connection {
  /** When the last request came that is not followed, on `performance.now()`. */
  askedAt = 0
}

/**
 * The requests of an app: of one worker, on all of its servers. Nearly all are only counted as they come: which are being
 * answered is asked of Node by whoever wants to know. To follow each to its end would cost a small app a tenth of its
 * speed (docs/decisions/0012), so that is done where something is to happen at the end.
 */
export class AppRequests implements CallsView {
  readonly #followed = new CallsInFlight()
  readonly #connections: Iterable<AppConnection>[] = []
  #begun = 0
  #ended = 0
  #limit = 0
  #onLimit: () => void = () => {}

  /** Of one more server. */
  watch(connections: Iterable<AppConnection>): void {
    this.#connections.push(connections)
  }

  /** `onLimit` is told once: when the request ends that reaches the limit. */
  setLimit(limit: number, onLimit: () => void): void {
    this.#limit = limit
    this.#onLimit = onLimit
  }

  get limit(): number {
    return this.#limit
  }

  /** Counts a request; false: it is to be followed as well, for something happens at its end. */
  count(): boolean {
    return ++this.#begun !== this.#limit
  }

  follow(outgoing: AppAnswer, connection: AppConnection | undefined, startedAt?: number): AppRequest {
    const request = new AppRequest(outgoing, connection, startedAt)
    this.#followed.add(request)
    connection?.begin(request)
    outgoing[kFollowed] = true
    const end = once(() => this.#leave(request))
    outgoing.once('close', end)
    // One that waits behind another on its connection never had a socket whose end would close it.
    request.clientLeft = end
    return request
  }

  /** Follows what is being answered on a connection, if nobody does yet. */
  followCurrent(connection: AppConnection): AppRequest | undefined {
    const answer = unfollowedAnswer(connection)
    return answer && this.follow(answer, connection, connection.askedAt)
  }

  get size(): number {
    return this.#followed.size + this.#unfollowed.length
  }

  get ended(): number {
    // What Node answers itself, or an app on `checkContinue`, runs without having been counted.
    this.#ended = Math.max(this.#ended, this.#begun - this.size)
    return this.#ended
  }

  get running(): readonly AppRequest[] {
    const followed = this.#followed.running as readonly AppRequest[]
    return [...followed, ...this.#unfollowed].toSorted((a, b) => a.startedAt - b.startedAt)
  }

  oldestMs(): number {
    return this.running[0]?.ageMs ?? 0
  }

  get #unfollowed(): readonly AppRequest[] {
    const requests: AppRequest[] = []
    for (const connections of this.#connections) {
      for (const connection of connections) {
        const answer = unfollowedAnswer(connection)
        if (answer !== undefined) requests.push(new AppRequest(answer, connection, connection.askedAt))
      }
    }
    return requests
  }

  #leave(request: AppRequest): void {
    request.connection?.end(request)
    this.#followed.leave(request)
    if (this.#limit === 0 || this.#begun < this.#limit) return
    this.#onLimit()
    this.#onLimit = () => {}
  }
}

function unfollowedAnswer({ socket }: AppConnection): ServerResponse | undefined {
  const answer: AppAnswer | undefined = currentAnswer(socket)
  return answer?.[kFollowed] ? undefined : answer
}
