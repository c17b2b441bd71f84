/** What a service manager can be told, as lines of `sd_notify(3)`. */
export type Notice =
  | { readonly type: 'ready'; readonly mainPid: number | undefined }
  | { readonly type: 'reloading'; readonly monotonicUsec: bigint }
  | { readonly type: 'stopping'; readonly withinMs: number }
  | { readonly type: 'status'; readonly text: string }
  | { readonly type: 'alive' }

const MAX_STATUS_CHARACTERS = 1_000

/** The variables of one message. They are sent together. */
export function noticeLines(notice: Notice): string[] {
  switch (notice.type) {
    case 'ready':
      return ['READY=1', ...(notice.mainPid === undefined ? [] : [`MAINPID=${notice.mainPid}`])]
    case 'reloading':
      // Type=notify-reload tells a reload from the one before by its time.
      return ['RELOADING=1', `MONOTONIC_USEC=${notice.monotonicUsec}`]
    case 'stopping':
      // Without, TimeoutStopSec= of the unit would end a drain that may take longer.
      return ['STOPPING=1', `EXTEND_TIMEOUT_USEC=${Math.ceil(notice.withinMs * 1000)}`]
    case 'status':
      return [`STATUS=${oneLine(notice.text)}`]
    case 'alive':
      return ['WATCHDOG=1']
  }
}

/** A message is lines: a second line of a text would be another variable. */
function oneLine(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, MAX_STATUS_CHARACTERS)
}

/** The queue with one more notice: of texts and signs of life only the last is worth sending. */
export function enqueue(queue: readonly Notice[], notice: Notice): Notice[] {
  const replaced = notice.type === 'status' || notice.type === 'alive' ? notice.type : undefined
  return [...queue.filter(({ type }) => type !== replaced), notice]
}
