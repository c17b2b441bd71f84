import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProjectFolder } from './project-folder.js'
import { runNodeToEnd } from './run-node.js'

const FIXTURES = fileURLToPath(new URL('../fixtures/identifiers/', import.meta.url))

/** What became of an identifier. */
export interface Resolution {
  readonly identifier: string
  readonly name?: string
  readonly file?: string
  /** What the service says of the decorators it was compiled with. */
  readonly flavour?: string
  /** What TSX_TSCONFIG_PATH was afterwards. */
  readonly environment?: string
  readonly code?: string
  readonly message?: string
  readonly hint?: string
  readonly cause?: { readonly name: string; readonly message: string; readonly stack: string }
}

export interface ResolveOptions {
  readonly cwd?: string
  readonly workingDir?: string
  readonly env?: Readonly<Record<string, string>>
  readonly nodeArgs?: readonly string[]
  /** In a thread of that process. */
  readonly inThread?: boolean
}

/** Resolves identifiers in one process of its own, whose main file is plain JavaScript. */
export async function resolveIdentifiers(
  project: ProjectFolder,
  identifiers: readonly string[],
  { cwd = project.path, workingDir = project.path, env = {}, nodeArgs = [], inThread = false }: ResolveOptions = {},
): Promise<Resolution[]> {
  const main = join(FIXTURES, inThread ? 'resolve-in-thread.cjs' : 'resolve.cjs')
  const args = [...nodeArgs, main, project.core, workingDir, ...identifiers]
  const { code, stdout, stderr } = await runNodeToEnd(args, { cwd, env })
  if (code !== 0) throw new Error(`${main} ended with ${code}:\n${stdout}${stderr}`)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Resolution)
}
