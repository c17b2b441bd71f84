import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, serveFixture } from './serve-fixture.js'
import { waitUntil } from './wait-until.js'

/** What the worker that serves it tells of itself. */
export interface TargetState {
  readonly pid: number
  /** The most memory it ever had, in KiB. */
  readonly maxRSS: number
  readonly isPolluted: boolean
}

/** A server that takes bodies of every form, with a folder of its own for what it keeps. */
export interface BadInputTarget extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly state: () => Promise<TargetState>
  /** The files below its folder for temporary ones. */
  readonly kept: () => Promise<string[]>
  /** Its worker serves on, the same one, with nothing of a client's in its objects or on its disk. */
  readonly assertUntouched: () => Promise<void>
}

export async function startBadInputTarget(): Promise<BadInputTarget> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-bad-input-'))
  const server = await serveFixture('takes-anything:TakesAnything', ['--no-access-log'], { env: { TMPDIR: folder } })
  const state = async () => (await call<TargetState>(server.url, 'state')).body
  const kept = async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  }
  const first = await state()
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    state,
    kept,
    assertUntouched: async () => {
      const { pid, isPolluted } = await state()
      assert.deepEqual([pid, isPolluted], [first.pid, false])
      await waitUntil(async () => (await kept()).length === 0, { describe: 'the folder for uploads to be empty' })
    },
    [Symbol.asyncDispose]: async () => {
      try {
        assert.equal(await server.stop(), 0, server.stdout() + server.stderr())
        assert.deepEqual(await readdir(folder), [])
      } finally {
        await server[Symbol.asyncDispose]()
        await rm(folder, { recursive: true })
      }
    },
  }
}

/** One part of a multipart body whose boundary is `b`. */
export function part(name: string, value: string, more = ''): string {
  return `--b\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
}

export const parts = (...all: readonly string[]): string => `${all.join('')}--b--\r\n`
export const PARTS_TYPE = 'multipart/form-data; boundary=b'

/** More than stays in memory: it goes to disk before the rest of its body is seen. */
export const LARGE_FILE = part('file', 'x'.repeat(400 * 1024), '; filename="a.bin"')
