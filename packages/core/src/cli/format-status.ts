/** One worker as it is shown; figures that are not known yet are missing or null. */
export interface ShownWorker {
  readonly slot: number
  readonly pid?: number | null
  readonly state: string
  readonly generation: number
  readonly uptimeMs: number
  readonly restarts: number
  readonly lastExit?: string | null
  readonly rssBytes?: number | null
  readonly inFlight?: number | null
  readonly oldestCallMs?: number | null
  readonly loopUtilization?: number | null
}

export interface ShownService {
  readonly name: string
  readonly state: string
  readonly target: number
  readonly generation: number
  readonly workers: readonly ShownWorker[]
}

/** What a generation was made from. */
export interface ShownGeneration {
  readonly generation: number
  readonly workingDir: string
  readonly entry: string
}

export interface ShownReload {
  /** Milliseconds since the epoch, or a date as text. */
  readonly at: number | string
  readonly result: string
  readonly reason?: string | null
  readonly from: ShownGeneration
  /** null: there was no plan for it. */
  readonly to: ShownGeneration | null
}

/** A dependency that runs elsewhere. */
export interface ShownRemote {
  readonly service: string
  readonly property: string
  readonly url: string
  readonly state: string
  readonly since: string | null
  readonly reason: string | null
}

/** An instance as `ekiben ps` shows it. */
export interface ShownInstance {
  readonly instance: string
  readonly pid: number
  readonly url: string | null
  readonly state: string
  readonly lastReload: ShownReload | null
  readonly services: readonly ShownService[]
  /** Missing: nothing runs elsewhere. */
  readonly remotes?: readonly ShownRemote[]
}

const REMOTES_HEAD = ['ELSEWHERE', 'URL', 'STATE', 'SINCE', 'REASON']
const HEAD = ['', 'PID', 'STATE', 'GEN', 'UP', 'RESTARTS', 'RSS', 'CALLS', 'OLDEST', 'LOOP', 'LAST EXIT']

/** The instances for a person, at `now` milliseconds since the epoch: one table each. */
export function formatStatus(instances: readonly ShownInstance[], now: number): string {
  if (instances.length === 0) return 'no instance is running\n'
  return instances.map((instance) => formatInstance(instance, now)).join('\n')
}

function formatInstance(
  { instance, pid, url, state, lastReload, services, remotes = [] }: ShownInstance,
  now: number,
): string {
  const head = [instance, state, `pid ${pid}`, ...(url === null ? [] : [url])].join('  ')
  const lines = [head]
  if (lastReload !== null) lines.push(`last reload: ${formatReload(lastReload, now)}`)
  if (services.length > 0) lines.push(...formatTable([HEAD, ...services.flatMap(serviceRows)]))
  if (remotes.length > 0) lines.push(...formatTable([REMOTES_HEAD, ...remotes.map((row) => remoteRow(row, now))]))
  return `${lines.join('\n')}\n`
}

function formatReload({ at, result, reason, from, to }: ShownReload, now: number): string {
  const ago = formatDuration(Math.max(0, now - new Date(at).getTime()))
  const runs = result === 'refused' || to === null ? from : to
  const step = to === null ? '' : ` -> ${to.generation}`
  const what = `${result} ${ago} ago, generation ${from.generation}${step} (${runs.workingDir})`
  return reason ? `${what}: ${reason}` : what
}

function serviceRows({ name, state, target, generation, workers }: ShownService): string[][] {
  const ready = workers.filter((worker) => worker.state === 'ready').length
  const title = [name, '', `${state} ${ready}/${target}`, String(generation)]
  return [title, ...workers.map(workerRow)]
}

function workerRow(worker: ShownWorker): string[] {
  const { rssBytes, loopUtilization, oldestCallMs } = worker
  return [
    `  ${worker.slot}`,
    shown(worker.pid),
    worker.state,
    String(worker.generation),
    formatDuration(worker.uptimeMs),
    String(worker.restarts),
    rssBytes == null ? '-' : `${Math.round(rssBytes / 1024 / 1024)} MB`,
    shown(worker.inFlight),
    oldestCallMs == null || oldestCallMs === 0 ? '-' : formatDuration(oldestCallMs),
    loopUtilization == null ? '-' : `${Math.round(loopUtilization * 100)} %`,
    worker.lastExit ?? '-',
  ]
}

function remoteRow({ service, property, url, state, since, reason }: ShownRemote, now: number): string[] {
  const sinceMs = since === null ? undefined : Math.max(0, now - new Date(since).getTime())
  return [`${service}.${property}`, url, state, sinceMs === undefined ? '-' : formatDuration(sinceMs), reason ?? '-']
}

function shown(value: number | null | undefined): string {
  return value == null ? '-' : String(value)
}

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** In the largest unit of which there are two, so that it is never off by more than a half. */
export function formatDuration(ms: number): string {
  const [name, unit] = UNITS.find(([, size]) => ms >= 2 * size) ?? ['ms', 1]
  return `${Math.floor(ms / unit)} ${name}`
}

/** Columns as wide as their longest cell. */
function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
