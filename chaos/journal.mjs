import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Who had what: the notes that workers write as connections and requests arrive (services/work.mjs). */
export async function readJournal(folder) {
  const accepted = new Map()
  const taken = new Map()
  for (const name of await readdir(folder)) {
    const [pid, thread] = name.split('-').map(Number)
    for (const line of (await readFile(join(folder, name), 'utf8')).split('\n')) {
      const [kind, key, time] = line.split(' ')
      if (kind === 'connection') push(accepted, Number(key), { pid, thread, at: Number(time) })
      else if (kind === 'request') push(taken, key, { pid, thread, at: Number(time) })
    }
  }
  return {
    /** Did that worker, or any of that process, have the failed request in hand? By its connection, or by its id where it was called. */
    hadInHand(worker, { id, localPort, endedAt }) {
      if (taken.get(id)?.some((note) => isBy(note, worker))) return true
      // A port is used again: its last acceptor before the request ended counts.
      const acceptors = accepted.get(localPort)?.filter((note) => note.at <= endedAt + 1) ?? []
      return acceptors.length > 0 && isBy(acceptors.at(-1), worker)
    },
    /** Did nobody take note of the connection that the request came on, nor of the request? */
    knowsNobodyFor({ id, localPort, at, endedAt }) {
      if (taken.has(id)) return false
      const acceptors = accepted.get(localPort) ?? []
      return !acceptors.some((note) => note.at >= at - 1 && note.at <= endedAt + 1)
    },
  }
}

/** `thread`: undefined where the process is one worker, or all of its are meant. */
function isBy(note, { pid, thread = note.thread }) {
  return note.pid === pid && note.thread === thread
}

function push(map, key, note) {
  const notes = map.get(key) ?? []
  notes.push(note)
  notes.sort((a, b) => a.at - b.at)
  map.set(key, notes)
}
