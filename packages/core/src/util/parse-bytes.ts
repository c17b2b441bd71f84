const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }

/** Bytes in a size: a number of bytes, or text such as `'300M'` (K, M, G, T; powers of 1024). undefined: no size. */
export function parseBytes(size: unknown): number | undefined {
  if (typeof size === 'number') return Number.isSafeInteger(size) && size >= 0 ? size : undefined
  if (typeof size !== 'string') return undefined
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*$/i.exec(size)
  if (match === null) return undefined
  const bytes = Math.round(Number(match[1]) * (UNITS[(match[2] as string).toUpperCase()] as number))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
