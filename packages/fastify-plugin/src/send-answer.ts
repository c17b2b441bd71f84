import type { MountAnswer } from '@ekiben/core/adapter'
import type { FastifyReply } from 'fastify'

/** Sends an answer of the mount as it is. */
export function sendAnswer(reply: FastifyReply, { statusCode, headers, body }: MountAnswer): FastifyReply {
  void reply.code(statusCode)
  // Its type and its id: no two of a name.
  for (const [name, value] of headers.length > 2 ? joined(headers) : headers) void reply.header(name, value)
  return reply.send(body)
}

function joined(headers: MountAnswer['headers']): Map<string, string | string[]> {
  const byName = new Map<string, string | string[]>()
  for (const [name, value] of headers) {
    const before = byName.get(name)
    byName.set(name, before === undefined ? value : [before, value].flat())
  }
  return byName
}
