import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { ApiShape } from '../client/api-shape.js'
import { createError } from '../errors/service-error.js'
import { parseCallInput } from './parse-call.js'

export interface GivenInput {
  /** JSON, `@FILE`, `-`; undefined: none. */
  readonly input: string | undefined
  readonly files: readonly { readonly field: string; readonly path: string }[]
}

/** The input that the command line gives to an api. */
export async function readCallInput({ input, files }: GivenInput, shape: ApiShape): Promise<unknown> {
  const whole = input === undefined ? undefined : await readWhole(input, shape)
  if (files.length === 0) return whole
  const fields: unknown = whole ?? {}
  if (typeof fields !== 'object' || fields === null || fields instanceof Blob || Array.isArray(fields)) {
    throw usage('--file adds a field to an input that is an object')
  }
  const record = { ...fields } as Record<string, unknown>
  for (const { field, path } of files) {
    const file = await readNamed(path)
    const before = record[field]
    record[field] = before === undefined ? file : [before, file].flat()
  }
  return record
}

async function readWhole(input: string, { input: { isText = false, isFile = false } }: ApiShape): Promise<unknown> {
  if (input !== '-' && !input.startsWith('@')) return parseCallInput(input, isText)
  const name = input === '-' || input === '@-' ? undefined : input.slice(1)
  if (isFile) return name === undefined ? new File([await buffer(process.stdin)], 'stdin') : readNamed(name)
  const text = name === undefined ? await readStdin() : (await readBytes(name)).toString('utf8')
  // A text from a file is that text, also where it looks like JSON.
  return isText ? text : parseCallInput(text, false)
}

async function readStdin(): Promise<string> {
  return (await buffer(process.stdin)).toString('utf8')
}

async function readNamed(path: string): Promise<File> {
  return new File([await readBytes(path)], basename(path))
}

async function readBytes(path: string): Promise<Buffer<ArrayBuffer>> {
  try {
    return (await readFile(path)) as Buffer<ArrayBuffer>
  } catch (cause) {
    throw createError('EKB_ERR_CLI_USAGE', { reason: `Cannot read ${path}: ${(cause as Error).message}`, near: [] })
  }
}

function usage(reason: string): Error {
  return createError('EKB_ERR_CLI_USAGE', { reason, near: [] })
}
