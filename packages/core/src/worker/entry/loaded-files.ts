import { realpathSync } from 'node:fs'
import nodeModule, { createRequire } from 'node:module'
import { sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { packageFile } from '../../package-file.js'
import type { SupervisorLink } from './supervisor-link.js'

const HOOKS = packageFile('esm/loaded-hooks.mjs')
/** What is imported while the app serves is told of within so long. */
const TELL_INTERVAL_MS = 500
const FOREIGN = `${sep}node_modules${sep}`

type Resolve = (specifier: string, context: object) => { readonly url: string }
interface ModuleHooks {
  /** Node 22.15 and later. */
  readonly registerHooks?: (hooks: {
    resolve: (specifier: string, context: object, next: Resolve) => ReturnType<Resolve>
  }) => void
}

/**
 * Tells the supervisor which files of the user's this process loads, by `import` and by `require`: real paths, and none
 * below a `node_modules`. Call it before any of them is loaded. What is returned tells at once, as before the end.
 */
export function tellLoaded(link: SupervisorLink): () => void {
  const told = new Set<string>()
  const waiting = new Set<string>()
  const drain = followImports((url) => waiting.add(url))
  const { cache } = createRequire(__filename)
  const tell = (): void => {
    drain()
    for (const file of Object.keys(cache)) if (!told.has(file)) waiting.add(file)
    const files: string[] = []
    for (const each of waiting) {
      if (told.has(each)) continue
      told.add(each)
      const file = ownFile(each)
      if (file !== undefined) files.push(file)
    }
    waiting.clear()
    if (files.length > 0) void link.send({ type: 'loaded', files })
  }
  setInterval(tell, TELL_INTERVAL_MS).unref()
  process.on('exit', tell)
  return tell
}

/** Calls back with the URL of each module that an `import` leads to; what is returned has those told of that still wait. */
function followImports(note: (url: string) => void): () => void {
  const { registerHooks } = nodeModule as unknown as ModuleHooks
  if (registerHooks !== undefined) {
    registerHooks({
      resolve: (specifier, context, next) => {
        const found = next(specifier, context)
        note(found.url)
        return found
      },
    })
    return () => {}
  }
  // Before, hooks run in a thread of their own.
  const { port1, port2 } = new MessageChannel()
  nodeModule.register(pathToFileURL(HOOKS), { data: { port: port2 }, transferList: [port2] })
  port1.unref()
  return () => {
    for (let got = receiveMessageOnPort(port1); got !== undefined; got = receiveMessageOnPort(port1)) {
      note(got.message as string)
    }
  }
}

/** undefined: it is nobody's to change. */
function ownFile(pathOrUrl: string): string | undefined {
  try {
    const isUrl = /^[a-z][a-z\d+.-]+:/i.test(pathOrUrl) && !/^[a-z]:[\\/]/i.test(pathOrUrl)
    if (isUrl && !pathOrUrl.startsWith('file:')) return undefined
    const file = realpathSync(isUrl ? fileURLToPath(pathOrUrl) : pathOrUrl)
    return file.includes(FOREIGN) ? undefined : file
  } catch {
    return undefined
  }
}
