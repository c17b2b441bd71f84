import { realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of npm's own script: run with the Node under test, it does not bring another one along. */
export function npmScript(): string {
  const { npm_execpath: known, PATH = '' } = process.env
  if (known?.endsWith('.js')) return known
  for (const folder of PATH.split(delimiter)) {
    try {
      return realpathSync(join(folder, 'npm'))
    } catch {
      // Not in this one.
    }
  }
  throw new Error('npm is not on the PATH')
}
