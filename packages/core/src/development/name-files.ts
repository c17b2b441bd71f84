import { relative } from 'node:path'

/** Of more files the number has to do. */
const MOST_NAMED = 5

/** Files that have changed, as a log line tells of them. */
export function nameFiles(files: readonly string[], folder: string): { files: readonly string[]; more?: number } {
  const named = files.slice(0, MOST_NAMED).map((file) => relative(folder, file))
  return { files: named, ...(files.length > MOST_NAMED && { more: files.length - MOST_NAMED }) }
}
