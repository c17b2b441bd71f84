/** A limit above this is none: what version 1 writes for "no limit" is the largest page-aligned number. */
const UNLIMITED_BYTES = 2 ** 60

/** Where a process stands in the control groups. */
export interface CgroupPaths {
  /** Path in the one tree of version 2. */
  readonly unified: string | undefined
  /** Paths by controller (`cpu`, `memory`) in the trees of version 1. */
  readonly byController: Readonly<Record<string, string>>
}

/** Reads `/proc/self/cgroup`. */
export function parseCgroupPaths(text: string): CgroupPaths {
  let unified: string | undefined
  const byController: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const match = /^(\d+):([^:]*):(.+)$/.exec(line)
    if (match === null) continue
    const [, , controllers = '', path = '/'] = match
    if (controllers === '') unified = path
    for (const controller of controllers.split(',')) if (controller !== '') byController[controller] = path
  }
  return { unified, byController }
}

/** A path and all above it: a limit anywhere on the way holds. (A container often sees its own group as the root.) */
export function pathAndAbove(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..')
  return Array.from({ length: parts.length + 1 }, (_, index) => `/${parts.slice(0, parts.length - index).join('/')}`)
}

/** Cores in `cpu.max` (version 2); undefined: no limit. */
export function parseCpuMax(text: string): number | undefined {
  const [quota = '', period = '100000'] = text.trim().split(/\s+/)
  return coresOf(Number(quota), Number(period))
}

/** Cores in `cpu.cfs_quota_us` and `cpu.cfs_period_us` (version 1); undefined: no limit. */
export function parseCfsQuota(quota: string, period: string): number | undefined {
  return coresOf(Number(quota.trim()), Number(period.trim()))
}

function coresOf(quota: number, period: number): number | undefined {
  return quota > 0 && period > 0 && Number.isFinite(quota / period) ? quota / period : undefined
}

/** Bytes in `memory.max` (version 2) or `memory.limit_in_bytes` (version 1); undefined: no limit. */
export function parseMemoryLimit(text: string): number | undefined {
  const bytes = text.trim() === '' ? Number.NaN : Number(text.trim())
  return bytes >= 0 && bytes < UNLIMITED_BYTES ? bytes : undefined
}

/** How many processes the kernel has ended for want of memory, in `memory.events` (version 2) or `memory.oom_control` (version 1). */
export function parseOomKills(text: string): number | undefined {
  const match = /^oom_kill (\d+)$/m.exec(text)
  return match === null ? undefined : Number(match[1])
}
