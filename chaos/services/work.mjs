// What both the service and the plain apps do, so that they are asked the same.
import { subscribe } from 'node:diagnostics_channel'
import { openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'

const DOWNLOAD_BYTES = 8 * 1024 * 1024
const download = Buffer.alloc(DOWNLOAD_BYTES, 'd')
download.write(`pid ${process.pid}\n`)

const journal = openJournal()

/** `ppid` tells by which supervisor it was started. */
export const who = () => ({ pid: process.pid })

export const handlers = {
  who,
  post: ({ text }) => ({ ...who(), length: text.length }),
  download: () => download,
  async *ticks({ items, ms }) {
    for (let tick = 1; tick <= items; tick++) {
      await sleep(ms)
      yield { ...who(), tick }
    }
  },
  async wait({ ms }) {
    await sleep(ms)
    return who()
  },
  spin() {
    for (;;);
  },
}

/** A request has arrived in this process: written at once, so that it is known when the process is killed. */
export function noteRequest(id) {
  journal?.(`request ${id}`)
}

function openJournal() {
  const folder = process.env.CHAOS_JOURNAL
  if (folder === undefined) return undefined
  const file = openSync(join(folder, `${process.pid}-${threadId}`), 'a')
  const write = (line) => writeSync(file, `${line} ${Date.now()}\n`)
  subscribe('net.server.socket', ({ socket }) => {
    if (socket.remotePort !== undefined) write(`connection ${socket.remotePort}`)
  })
  return write
}
