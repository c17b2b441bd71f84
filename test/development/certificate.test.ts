/** A certificate that is renewed where an app is restarted: it and its key are saved one after the other. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { save, serveReloading, stops } from '../helpers/reloading.js'
import { callSecurely, SERVICE, tlsProject } from '../helpers/tls-project.js'
import { waitUntil } from '../helpers/wait-until.js'

describe('a certificate that is renewed in development mode', () => {
  it('may be without its key for a while', async () => {
    await using project = await tlsProject()
    await using run = await serveReloading(project, project.flags)
    const { cert, key } = project.authority.issue('localhost')
    await save(project, 'cert.pem', cert)
    await save(project, 'service.mjs', `${SERVICE}\n`)
    assert.match(await run.broken(), /^EKB_ERR_TLS_PAIR: /m)
    await save(project, 'key.pem', key)
    await save(project, 'service.mjs', SERVICE)
    const ca = project.authority.cert
    await waitUntil(async () => (await callSecurely(`${run.url}/who`, { ca })).status === 200, {
      timeoutMs: 30_000,
      describe: () => `an answer:\n${run.stdout()}${run.stderr()}`,
    })
    await stops(run)
  })
})
