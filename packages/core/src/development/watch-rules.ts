/** Folders of other people's code, and of what is made from one's own. */
const FOREIGN_FOLDERS = new Set(['node_modules', 'bower_components', '__pycache__'])
const OUTPUT_FOLDERS = new Set(['dist', 'build', 'out', 'output', 'coverage', 'target'])

/** What editors and tools leave beside a file that they save, and what programs write as they run. */
const LEFTOVERS = [
  /~$/,
  /^#.*#$/,
  // Vim tries whether it may write, under this name.
  /^4913$/,
  /\.(?:swp|swx|tmp|temp|bak|orig|rej|part|lock|pid|sock|log|tsbuildinfo)$/i,
  /\.log\.\d+$/i,
  /\.(?:sqlite3?|db3?)(?:-(?:wal|shm|journal))?$/i,
]

/** Is a folder looked into? It and those that a compiler writes into (`output`) by their paths from the working directory on. */
export function isWatchedFolder(path: string, output: ReadonlySet<string> = new Set()): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return !name.startsWith('.') && !FOREIGN_FOLDERS.has(name) && !OUTPUT_FOLDERS.has(name) && !output.has(path)
}

/** Does a change of a file below the working directory count that the entry has not loaded? */
export function isWatchedFile(name: string): boolean {
  if (name.startsWith('.')) return name === '.env' || name.startsWith('.env.')
  return LEFTOVERS.every((pattern) => !pattern.test(name))
}
