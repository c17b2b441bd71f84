import type { MessagePort } from 'node:worker_threads'
import { type HostWord, parseThreadWord } from '../../../ipc/thread-protocol.js'
import type { SupervisorChannel } from '../supervisor-channel.js'

/** The channel of a worker that is a thread: its host process passes on what comes and goes. */
export function threadChannel(port: MessagePort, onWord: (word: HostWord) => void): SupervisorChannel {
  return {
    open: ({ onMessage, onLost }) => {
      port.on('message', (received: unknown) => {
        const word = parseThreadWord<HostWord>(received)
        if (word === undefined) onMessage(received, undefined)
        else if (word.type === 'lost') onLost()
        else onWord(word)
      })
    },
    // What is posted is delivered, though the thread may end at once.
    send: (message) => {
      port.postMessage(message)
      return Promise.resolve()
    },
  }
}
