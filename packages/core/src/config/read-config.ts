import { fork } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { entryFile } from '../entry-file.js'
import { decodeError } from '../errors/error-codec.js'
import { createError } from '../errors/service-error.js'
import type { ConfigReaderMessage } from './config-reader-entry.js'

/** Names of the configuration file. */
export const CONFIG_FILES = ['ts', 'js', 'mjs', 'cjs', 'json'].map((extension) => `ekiben.config.${extension}`)

/** A module that waits for something that never comes must not hold the start for ever. */
const READ_WITHIN_MS = 20_000

/** The configuration file of a folder; undefined: it has none. */
export async function findConfig(folder: string): Promise<string | undefined> {
  const names = new Set(await readdir(folder))
  const found = CONFIG_FILES.filter((name) => names.has(name))
  const [first, second] = found
  if (first !== undefined && second !== undefined) {
    const reason = `${second} stands beside it, and only one of them can count`
    throw createError('EKB_ERR_CONFIG_LOAD_FAILED', { file: join(folder, first), reason })
  }
  return first === undefined ? undefined : join(folder, first)
}

/** What a configuration file says, not checked yet. Code is run in a short process of its own. */
export async function readConfig(file: string): Promise<unknown> {
  return extname(file) === '.json' ? readJson(file) : runReader(file)
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse((await readFile(file, 'utf8')).replace(/^\uFEFF/, ''))
  } catch (error) {
    throw createError('EKB_ERR_CONFIG_LOAD_FAILED', { file, reason: (error as Error).message })
  }
}

async function runReader(file: string): Promise<unknown> {
  await readFile(file).catch((error: Error) => {
    throw createError('EKB_ERR_CONFIG_LOAD_FAILED', { file, reason: error.message })
  })
  const message = await askReader(file)
  if (message.type === 'config') return JSON.parse(message.json)
  const cause = message.error === undefined ? {} : { cause: decodeError(message.error) }
  throw createError('EKB_ERR_CONFIG_LOAD_FAILED', { file, reason: message.reason }, cause)
}

/** Settles when the process is gone, so that a failed start leaves nothing behind. */
function askReader(file: string): Promise<ConfigReaderMessage> {
  // What the file prints is not our output: --dry-run prints JSON.
  const child = fork(entryFile('config/config-reader-entry'), [file], {
    stdio: ['ignore', 2, 2, 'ipc'],
    execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
  })
  return new Promise((resolve) => {
    let received: ConfigReaderMessage | undefined
    let ended: string | undefined
    const timer = setTimeout(() => {
      received ??= { type: 'failed', reason: `it was not loaded within ${READ_WITHIN_MS} ms` }
      child.kill('SIGKILL')
    }, READ_WITHIN_MS)
    // The exit may be seen before the last message: only a closed channel has no more to say.
    const finish = () => {
      if (ended === undefined || child.connected) return
      clearTimeout(timer)
      resolve(received ?? { type: 'failed', reason: `its process ended with ${ended} before it was loaded` })
    }
    child.on('message', (message) => {
      if (isAnswer(message)) received ??= message
    })
    child.on('disconnect', finish)
    child.on('error', (error) => {
      ended ??= error.message
      finish()
    })
    child.on('exit', (code, signal) => {
      ended = signal ?? `code ${code}`
      finish()
    })
  })
}

function isAnswer(message: unknown): message is ConfigReaderMessage {
  const type = (message as Partial<ConfigReaderMessage> | null)?.type
  return type === 'config' || type === 'failed'
}
