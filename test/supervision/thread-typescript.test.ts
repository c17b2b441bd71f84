/** Services that say themselves that their workers are threads, in TypeScript. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FLAVOURS, greeterProject } from '../helpers/development-project.js'
import { call, EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const HELPER = `
import { threadId } from 'node:worker_threads'
import { api, service } from '@ekiben/core'

@service({ threads: true, workers: 2 })
export class Helper {
  @api()
  async place(): Promise<object> {
    return { pid: process.pid, threadId }
  }
}
`

const SERVICE = `
import { threadId } from 'node:worker_threads'
import { api, depends, type ServiceClient, service } from '@ekiben/core'
import { Helper } from './helper.js'

@service()
export class Greeter {
  @depends(Helper) helper!: ServiceClient<Helper>

  @api()
  async places(): Promise<object> {
    return { own: { pid: process.pid, threadId }, helper: await this.helper.place() }
  }
}
`

interface Place {
  readonly pid: number
  readonly threadId: number
}

describe('a service whose decorator says that its workers are threads', () => {
  for (const flavour of FLAVOURS) {
    it(`has them, beside processes of the others, with ${flavour} decorators`, async () => {
      await using project = await greeterProject(flavour, { 'helper.ts': HELPER, 'service.ts': SERVICE })
      const args = [EKIBEN, 'serve', 'service:Greeter', '--port', '0', '--log-format', 'json']
      await using run = await startServing(args, { cwd: project.path })
      const seen = new Set<number>()
      const bothAnswered = async (): Promise<boolean> => {
        const { own, helper } = (await call<{ own: Place; helper: Place }>(run.url, 'places')).body
        assert.equal(own.threadId, 0)
        assert.notEqual(helper.threadId, 0)
        assert.notEqual(helper.pid, own.pid)
        return seen.add(helper.threadId).size === 2
      }
      await waitUntil(bothAnswered, { describe: () => `two threads that answer, not ${[...seen]}:\n${run.stdout()}` })
      assert.equal(await run.stop(), 0)
    })
  }
})
