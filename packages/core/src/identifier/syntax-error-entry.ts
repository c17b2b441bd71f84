/**
 * A short process of its own: parses an ES module and what it imports from beside it, runs none of them, and dies of
 * the first SyntaxError. Node prints file, line and caret of an uncaught one, and keeps them from who catches it.
 */
import { existsSync, readFileSync } from 'node:fs'
import nodeModule from 'node:module'
import { dirname, join, resolve } from 'node:path'
import vm from 'node:vm'

type StripTypes = (source: string) => string
type ParseModule = new (source: string, options: { identifier: string }) => { dependencySpecifiers: readonly string[] }

const { SourceTextModule } = vm as unknown as { SourceTextModule: ParseModule }
const { stripTypeScriptTypes } = nodeModule as unknown as { stripTypeScriptTypes?: StripTypes }

const files = new Set(process.argv.slice(2).map((file) => resolve(file)))
for (const file of files) {
  const source = readSource(file)
  if (source === undefined) continue
  for (const specifier of new SourceTextModule(source, { identifier: file }).dependencySpecifiers) {
    if (specifier.startsWith('.')) files.add(resolve(dirname(file), specifier))
  }
}

/** The text of an ES module; undefined for all else. */
function readSource(file: string): string | undefined {
  if (!existsSync(file) || !isModule(file)) return undefined
  const source = readFileSync(file, 'utf8')
  if (!/\.m?ts$/.test(file)) return source
  return stripTypeScriptTypes?.(source)
}

function isModule(file: string): boolean {
  if (/\.m[jt]s$/.test(file)) return true
  return /\.[jt]s$/.test(file) && packageType(dirname(file)) === 'module'
}

function packageType(folder: string): unknown {
  const manifest = join(folder, 'package.json')
  if (existsSync(manifest)) return (JSON.parse(readFileSync(manifest, 'utf8')) as { type?: unknown }).type
  return dirname(folder) === folder ? undefined : packageType(dirname(folder))
}
