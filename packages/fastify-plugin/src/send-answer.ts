import type { MountAnswer } from '@ekiben/core/adapter'
import type { FastifyReply } from 'fastify'

/** Sends an answer of the mount as it is. */
export function sendAnswer(reply: FastifyReply, { statusCode, headers, body }: MountAnswer): FastifyReply {
  const byName = new Map<string, string | string[]>()
  for (const [name, value] of headers) {
    const before = byName.get(name)
    byName.set(name, before === undefined ? value : [before, value].flat())
  }
  void reply.code(statusCode)
  for (const [name, value] of byName) void reply.header(name, value)
  return reply.send(body)
}
