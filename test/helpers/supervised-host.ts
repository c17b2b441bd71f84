import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import type { ConformanceService, HostUnderTest } from '@ekiben/core/testing'
import { EKIBEN } from './serve-fixture.js'
import { startServing } from './serving-command.js'

const APP = resolve('test/fixtures/apps/conformance.mjs')
const RUN = ['run', APP, '--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--']

/** How an app comes to have a supervisor above it. */
const WAYS = {
  run: (args: readonly string[]) => [EKIBEN, ...RUN, ...args],
  bootstrap: (args: readonly string[]) => [APP, ...args],
}

/** An app in a worker, on a framework, that mounts a service of the conformance suite; what that depends on is in pools. */
export async function supervisedHost(
  { identifier }: ConformanceService,
  framework: string,
  way: keyof typeof WAYS,
): Promise<HostUnderTest> {
  const app = await startServing(WAYS[way]([framework, way, identifier]), { env: { NODE_ENV: 'production' } })
  return {
    url: app.url,
    stop: async () => {
      assert.equal(await app.stop(), 0, app.stderr())
      await app[Symbol.asyncDispose]()
    },
  }
}
