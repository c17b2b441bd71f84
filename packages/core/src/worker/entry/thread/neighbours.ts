import { MessageChannel, type MessagePort, parentPort } from 'node:worker_threads'
import type { FrameSocket } from '../../../call/frame-socket.js'
import { wrapThreadWord } from '../../../ipc/thread-protocol.js'
import { PortSocket } from './port-socket.js'

/** The other threads of this process that serve calls: they are reached without the system. */
export class Neighbours {
  #addresses: ReadonlySet<string> = new Set()
  #accept: ((socket: FrameSocket) => void) | undefined

  /** Where those listen that are in this process. */
  update(addresses: readonly string[]): void {
    this.#addresses = new Set(addresses)
  }

  /** undefined: whoever listens there is not in this process. */
  readonly connect = (address: string): FrameSocket | undefined => {
    if (!this.#addresses.has(address)) return undefined
    const { port1, port2 } = new MessageChannel()
    // Where that thread has just ended the port is closed, as a socket is.
    parentPort?.postMessage(wrapThreadWord({ type: 'call', address, port: port2 }), [port2])
    return new PortSocket(port1)
  }

  /** This thread serves calls under this address. */
  readonly offer = (address: string, accept: (socket: FrameSocket) => void): void => {
    this.#accept = accept
    parentPort?.postMessage(wrapThreadWord({ type: 'listening', address }))
  }

  /** Another thread calls. */
  receive(port: MessagePort): void {
    if (this.#accept === undefined) port.close()
    else this.#accept(new PortSocket(port))
  }
}
