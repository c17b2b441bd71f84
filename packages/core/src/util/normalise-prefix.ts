/** `ml/`, `/ml` and `/ml/` as `/ml`; `/` as nothing. */
export function normalisePrefix(prefix: string): string {
  const inner = prefix.replace(/^\/+|\/+$/g, '')
  return inner === '' ? '' : `/${inner}`
}
