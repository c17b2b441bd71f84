import { existsSync } from 'node:fs'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { waitUntil } from './wait-until.js'

const ROOT = '/sys/fs/cgroup'

/** What a group limits, by the names of version 1, which has a tree for each, and of version 2. */
const KINDS = {
  memory: {
    old: 'memory.limit_in_bytes',
    limit: 'memory.max',
    oldEvents: 'memory.oom_control',
    events: 'memory.events',
  },
  pids: { old: 'pids.max', limit: 'pids.max', oldEvents: 'pids.events', events: 'pids.events' },
}

export interface ControlGroup extends AsyncDisposable {
  /** What runs a command in it from its first moment on, for `under` of run-node.ts. */
  readonly under: readonly string[]
  /** Moves a process into it; what that process starts from then on is in it too. */
  add(pid: number): Promise<void>
  limit(most: number | 'max'): Promise<void>
  /** How often the kernel has counted an event, as `oom_kill`. */
  count(event: string): Promise<number>
}

let made = 0

/** A control group, for `await using`, before what runs in it; else why there can be none. */
export async function controlGroup(kind: keyof typeof KINDS, most: number): Promise<ControlGroup | string> {
  const { old, limit, oldEvents, events } = KINDS[kind]
  const isOld = existsSync(`${ROOT}/${kind}`)
  const path = `${ROOT}/${isOld ? `${kind}/` : ''}ekiben-test-${process.pid}-${++made}`
  const group: ControlGroup = {
    under: ['sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', path],
    add: (pid) => writeFile(`${path}/cgroup.procs`, String(pid)),
    limit: (value) => writeFile(`${path}/${isOld ? old : limit}`, String(value)),
    count: async (event) => {
      const text = await readFile(`${path}/${isOld ? oldEvents : events}`, 'utf8')
      return Number(new RegExp(`^${event} (\\d+)$`, 'm').exec(text)?.[1])
    },
    [Symbol.asyncDispose]: () => removeWhenEmpty(path),
  }
  try {
    await mkdir(path)
    await group.limit(most)
    return group
  } catch (error) {
    await rmdir(path).catch(() => {})
    return `no control group that limits ${kind} can be made here: ${(error as Error).message}`
  }
}

async function removeWhenEmpty(path: string): Promise<void> {
  const removed = () =>
    rmdir(path).then(
      () => true,
      () => false,
    )
  await waitUntil(removed, { describe: `${path} to be empty` })
}
