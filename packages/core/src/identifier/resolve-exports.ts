/** Conditions under which `import` looks a package up. */
export const IMPORT_CONDITIONS: readonly string[] = ['node', 'import', 'module-sync', 'node-addons', 'default']

/**
 * What the `exports` field of a package.json maps a subpath to, as Node reads it; undefined: not exported.
 *
 * Node has no public resolver for "import this name from that folder" (`import.meta.resolve` takes a parent only
 * behind a flag, and `require.resolve` does not see what is exported for `import` alone).
 *
 * @param subpath `.` or `./sub/path`
 */
export function resolveExports(exports: unknown, subpath: string, conditions: ReadonlySet<string>): string | undefined {
  if (!isRecord(exports) || Object.keys(exports).every((key) => !key.startsWith('.'))) {
    return subpath === '.' ? resolveTarget(exports, undefined, conditions) : undefined
  }
  if (Object.hasOwn(exports, subpath) && !subpath.includes('*')) {
    return resolveTarget(exports[subpath], undefined, conditions)
  }
  const match = findPattern(Object.keys(exports), subpath)
  return match === undefined ? undefined : resolveTarget(exports[match.key], match.rest, conditions)
}

interface PatternMatch {
  readonly key: string
  /** What stands for the star. */
  readonly rest: string
}

/** The most specific `./x/*` key that fits: the longest before its star. */
function findPattern(keys: readonly string[], subpath: string): PatternMatch | undefined {
  const matches = keys.flatMap((key): PatternMatch[] => {
    const [before = '', after, ...more] = key.split('*')
    if (after === undefined || more.length > 0) return []
    const fits = subpath.startsWith(before) && subpath.endsWith(after) && subpath.length > before.length + after.length
    return fits ? [{ key, rest: subpath.slice(before.length, subpath.length - after.length) }] : []
  })
  return matches.sort((a, b) => b.key.indexOf('*') - a.key.indexOf('*') || b.key.length - a.key.length)[0]
}

function resolveTarget(target: unknown, rest: string | undefined, conditions: ReadonlySet<string>): string | undefined {
  if (typeof target === 'string') {
    if (!target.startsWith('./')) return undefined
    return rest === undefined ? target : target.replaceAll('*', rest)
  }
  if (Array.isArray(target)) {
    return firstDefined(target, (entry) => resolveTarget(entry, rest, conditions))
  }
  if (!isRecord(target)) return undefined
  const applying = Object.keys(target).filter((condition) => conditions.has(condition))
  return firstDefined(applying, (condition) => resolveTarget(target[condition], rest, conditions))
}

function firstDefined<T>(items: readonly T[], map: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const mapped = map(item)
    if (mapped !== undefined) return mapped
  }
  return undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
