import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import type { ConformanceService, HostUnderTest } from '@ekiben/core/testing'
import { koaAdapter } from './koa-adapter.js'
import { markedProcesses } from './no-leftovers.js'
import { EKIBEN } from './serve-fixture.js'
import { startServing } from './serving-command.js'

const APP = resolve('test/fixtures/apps/conformance.mjs')
const RUN = ['run', APP, '--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--']

/** How an app comes to have pools: of a supervisor above it, or of its own. */
const WAYS = {
  run: (args: readonly string[]) => [EKIBEN, ...RUN, ...args],
  bootstrap: (args: readonly string[]) => [APP, ...args],
  pools: (args: readonly string[]) => [APP, ...args],
}

/** An app on a framework that mounts a service of the conformance suite; what that depends on is in pools. */
export async function hostWithPools(
  { identifier }: ConformanceService,
  framework: string,
  way: keyof typeof WAYS,
): Promise<HostUnderTest> {
  const adapter = framework === 'koa' ? await koaAdapter() : undefined
  const env = { NODE_ENV: 'production', KOA_ADAPTER: adapter?.file }
  const app = await startServing(WAYS[way]([framework, way, identifier]), { env })
  return {
    url: app.url,
    stop: async () => {
      try {
        // The app and what its service depends on.
        if (identifier.endsWith(':Texts')) assert.ok((await markedProcesses(app.mark)).length > 2)
        assert.equal(await app.stop(), 0, app.stderr())
      } finally {
        await app[Symbol.asyncDispose]()
        await adapter?.[Symbol.asyncDispose]()
      }
    },
  }
}
