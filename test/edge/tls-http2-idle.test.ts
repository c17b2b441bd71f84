/** A connection of HTTP/2 that is about to be closed because nothing was asked on it, and on which something is. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { makeAuthority } from '../helpers/certificates.js'
import { encrypting, startHost } from '../helpers/http-host.js'

/** More than this process may stand still without having been asked to. */
const KEPT_MS = 3_000
const authority = makeAuthority()
const Api = defineService(
  class Api {
    echo(input: unknown) {
      return input
    }
  },
  { apis: { echo: {} } },
)

test('a request that came while the process stood still is answered, however long its connection has rested', async () => {
  const tls = encrypting(authority.issue('localhost'))
  await using host = await startHost(Api, { tls, keepAliveTimeoutMs: KEPT_MS })
  const session = connect(`https://127.0.0.1:${host.port}`, { ca: authority.cert })
  await once(session, 'connect')
  const ask = () => {
    const stream = session.request({ ':method': 'POST', ':path': '/echo', 'content-type': 'application/json' })
    return stream.end('{"a":1}')
  }
  assert.equal(await text(ask()), '{"a":1}')
  await sleep(1)
  const asked = ask()
  // Sent by then, and not yet received.
  await new Promise((resolve) => setImmediate(resolve))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, KEPT_MS + 500)
  assert.equal(await text(asked), '{"a":1}')
  session.close()
})
