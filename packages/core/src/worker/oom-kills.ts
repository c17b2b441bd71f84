import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCgroupPaths, parseOomKills } from '../plan/cgroup.js'

const CGROUP_ROOT = '/sys/fs/cgroup'

/**
 * Whether the kernel ended a worker because the memory of its control group (the container's, as a rule) had run
 * out. Nothing tells which process it chose: a SIGKILL that nobody of ours sent, when its count has risen, is taken
 * for one of them. Read at once rather than later: the count may rise again at any moment.
 */
export class OomKills {
  #seen = 0

  /** From now on counts what comes after this. */
  look(): void {
    this.#seen = readOomKills()
  }

  /** A worker was killed: was it by the kernel? Each of its kills accounts for one worker. */
  tookOne(): boolean {
    if (readOomKills() <= this.#seen) return false
    this.#seen++
    return true
  }
}

/** Workers are in the control group of their supervisor. */
function readOomKills(): number {
  const { unified, byController } = parseCgroupPaths(readText('/proc/self/cgroup'))
  // A container may see its own group as the root and still be told the path from outside.
  const files = [
    ...(unified === undefined ? [] : [join(unified, 'memory.events'), 'memory.events']),
    ...(byController.memory === undefined
      ? []
      : [join('memory', byController.memory, 'memory.oom_control'), 'memory/memory.oom_control']),
  ]
  for (const file of files) {
    const count = parseOomKills(readText(join(CGROUP_ROOT, file)))
    if (count !== undefined) return count
  }
  return 0
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
