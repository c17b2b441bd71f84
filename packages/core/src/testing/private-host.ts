import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeHost } from '../http/node-host.js'
import { sendRequest } from './send-request.js'

/** What a path is resolved against; no such host is ever asked. */
const BASE = 'http://service.test'
const BACKLOG = 64

/** The built-in host where nobody else can reach it: on a socket in a folder of its own, from the first request on. */
export class PrivateHost {
  readonly #host: NodeHost
  #opened: Promise<{ readonly path: string; readonly folder: string | undefined }> | undefined
  #isClosed = false

  constructor(host: NodeHost) {
    this.#host = host
  }

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (this.#isClosed) throw new TypeError('fetch() of a tested service that was closed')
    const request = input instanceof Request ? new Request(input, init) : new Request(new URL(input, BASE), init)
    this.#opened ??= this.#open()
    const { path } = await this.#opened
    // Other bodies are known as a whole, so their length is sent along, as a real fetch does.
    const isStreamed = input instanceof Request || init?.body instanceof ReadableStream
    return sendRequest(request, { path, isStreamed })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const opened = await this.#opened?.catch(() => undefined)
    await this.#host.close()
    if (opened?.folder !== undefined) await rm(opened.folder, { recursive: true, force: true })
  }

  async #open(): Promise<{ path: string; folder: string | undefined }> {
    const isWindows = process.platform === 'win32'
    const folder = isWindows ? undefined : await mkdtemp(join(tmpdir(), 'ekb-test-'))
    const path = folder === undefined ? `\\\\.\\pipe\\ekb-test-${randomUUID()}` : join(folder, 's')
    await this.#host.listen({ path, backlog: BACKLOG })
    return { path, folder }
  }
}
