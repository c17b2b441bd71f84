/**
 * The first file of a host process, in whose threads workers run. Its main thread runs no user code, so that it can
 * always start, end and look into them. A process is one of ours only with our channel and the token that came with it.
 */

import type { HostCommand, HostReport } from '../../../ipc/thread-protocol.js'
import { TOKEN_VARIABLE } from '../../../ipc/worker-variables.js'
import { keepYoung } from '../keep-young.js'
import { endGroupInTime } from '../leave-orphaned.js'
import { HostThreads } from './host-threads.js'

const NO_HOST = 2

function main(): void {
  keepYoung()
  const token = process.env[TOKEN_VARIABLE]
  // Threads start from a copy of these.
  delete process.env[TOKEN_VARIABLE]
  if (process.send === undefined || token === undefined) refuse('it was not started by a supervisor')
  const threads = new HostThreads({ sockets: Number(process.argv[2]), report })
  let greeted = false
  process.on('message', (command: HostCommand) => {
    if (command.type !== 'hello') return greeted ? threads.carryOut(command) : undefined
    if (command.token !== token) refuse('its token is not the one its supervisor gave')
    greeted = true
  })
  process.once('disconnect', () => {
    endGroupInTime()
    threads.endOrphaned()
  })
  listenForSignals(threads)
}

/** Signals reach no other thread. An unhandled USR1 would open the inspector, HUP and INT are for the supervisor. */
function listenForSignals(threads: HostThreads): void {
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const) process.on(signal, () => {})
  process.on('SIGTERM', () => void report({ type: 'terminated' }))
  process.on('SIGQUIT', () => threads.leaveQuickly())
}

/** Resolves when it is handed to the system, or cannot be. */
function report(message: HostReport): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve()
    try {
      process.send?.(message, undefined, undefined, () => resolve())
    } catch {
      // What a thread has put into it is no JSON: that is lost, and no other thread with it.
      resolve()
    }
  })
}

function refuse(reason: string): never {
  process.stderr.write(`This file hosts workers of Ekiben and cannot be used by itself: ${reason}\n`)
  process.exit(NO_HOST)
}

main()
