import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, type AgentOptions, request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect, type TLSSocket } from 'node:tls'
import { type Authority, type Issued, makeAuthority } from './certificates.js'
import { type ProjectFolder, projectFolder } from './project-folder.js'

/** What its apis answer tells who answered, and how it was asked. */
export const SERVICE = `
import { defineService } from '@ekiben/core'
export const Greeter = defineService(class Greeter {
  async who(_, { remoteAddress }) {
    return { pid: process.pid, generation: process.env.EKIBEN_GENERATION, remoteAddress }
  }
  async variables() {
    return Object.keys(process.env)
  }
}, { apis: { who: {}, variables: {} } })
`

export interface TlsProject extends ProjectFolder {
  readonly authority: Authority
  readonly issued: Issued
  readonly file: (name: string) => string
  /** The flags that have it served by HTTPS. */
  readonly flags: readonly string[]
}

/** A project with a service, a certificate for localhost, its key, and the authority that issued it. Give it to `await using`. */
export async function tlsProject(files: Readonly<Record<string, string | object>> = {}): Promise<TlsProject> {
  const authority = makeAuthority()
  const issued = authority.issue('localhost')
  const own = { 'service.mjs': SERVICE, 'cert.pem': issued.cert, 'key.pem': issued.key, 'ca.pem': authority.cert }
  const project = await projectFolder({ ...own, ...files })
  const flags = ['--ssl-certfile', 'cert.pem', '--ssl-keyfile', 'key.pem']
  return { ...project, authority, issued, flags, file: (name) => join(project.path, name) }
}

export interface SecureAnswer {
  readonly status: number
  readonly body: string
  readonly headers: IncomingMessage['headers']
  /** The session was gone on with that an earlier connection had begun. */
  readonly isResumed: boolean
  readonly protocol: string | null
  readonly cipher: string
}

/** POSTs to an api by HTTPS, on a connection of its own unless an agent is given. */
export async function callSecurely(
  target: string,
  options: AgentOptions & {
    readonly agent?: Agent
    readonly method?: string
    readonly socketPath?: string
    readonly headers?: Readonly<Record<string, string>>
  } = {},
): Promise<SecureAnswer> {
  const { agent = new Agent({ ...options, keepAlive: false }), method = 'POST', headers: more, ...tls } = options
  const headers = { 'content-type': 'application/json', ...more }
  const sent = request(target, { ...tls, method, headers, agent }).end(method === 'POST' ? '{}' : undefined)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const socket = answer.socket as TLSSocket
  const facts = {
    isResumed: socket.isSessionReused(),
    protocol: socket.getProtocol(),
    cipher: socket.getCipher().standardName,
  }
  return { ...facts, status: answer.statusCode ?? 0, body: await text(answer), headers: answer.headers }
}

/** A client that goes on with its session on each new connection. */
export function resumingClient(project: TlsProject, options: object = {}): Agent {
  return new Agent({ ca: project.authority.cert, keepAlive: false, ...options })
}

/** The name in the certificate that a new client is shown. */
export async function shownName({ url }: { readonly url: string }, ca: string): Promise<string> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', servername: 'localhost', ca })
  await once(socket, 'secureConnect')
  const name = socket.getPeerCertificate().subject.CN as string
  const closed = once(socket, 'close')
  socket.end()
  await closed
  return name
}

/** Puts a new certificate, with its key, in the place of the old one. */
export async function renew(project: TlsProject, name: string): Promise<void> {
  const { cert, key } = project.authority.issue(name)
  await writeFile(project.file('cert.pem'), cert)
  await writeFile(project.file('key.pem'), key)
}
