/** The number of workers is set while others are on their way: a reload, or another number. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Server } from '@ekiben/core/serving'
import { type Release, releaseProject, serveProject } from '../helpers/release-project.js'
import { waitUntil } from '../helpers/wait-until.js'

/** The workers of the back service in these slots start when a file `open` is there. */
function held(version: string, slots: readonly number[]): Release {
  return {
    version,
    onLoad: "import { existsSync } from 'node:fs'",
    onBackStart: `while (${JSON.stringify(slots)}.includes(Number(process.env.EKIBEN_SLOT)) && !existsSync('open')) await sleep(10)`,
  }
}

function backWorkers(server: Server) {
  return server.status().services.find(({ name }) => name === 'Back')?.workers ?? []
}

/** Resolves when a worker of this slot and generation has begun. */
async function isBooting(server: Server, slot: number, generation: number): Promise<void> {
  const found = () => backWorkers(server).some((each) => each.slot === slot && each.generation === generation)
  await waitUntil(found, {
    describe: () => `worker ${slot} of generation ${generation}: ${JSON.stringify(backWorkers(server))}`,
  })
}

describe('scale', () => {
  it('ends one that is under way, whose workers are no longer wanted', async () => {
    await using project = await releaseProject(held('one', [1, 2]))
    await using server = await serveProject(project.path)
    const more = assert.rejects(server.scale('Back', 3), {
      code: 'EKB_ERR_SCALE_REFUSED',
      message: /given up meanwhile/,
      hint: /goes on with 1/,
    })
    await isBooting(server, 2, 1)
    await server.scale('Back', 1)
    await more
    assert.equal(server.status().services.find(({ name }) => name === 'Back')?.target, 1)
  })

  it('takes a slot from a reload, which leaves it out', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { workers: { Back: 2 } })
    await project.deploy(held('two', [1]))
    const reload = server.reload()
    await isBooting(server, 1, 2)
    await server.scale('Back', 1)
    assert.equal((await reload).to.generation, 2)
    assert.equal((await server.reload()).to.generation, 3)
    await waitUntil(() => backWorkers(server).length === 1, { describe: 'the others to leave' })
    assert.equal(server.status().state, 'running')
  })

  it('adds a slot to a reload, which replaces its worker too', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { workers: { Back: 2 } })
    await project.deploy(held('two', [1]))
    const reload = server.reload()
    await isBooting(server, 1, 2)
    const more = server.scale('Back', 3)
    const isThere = () => backWorkers(server).some(({ slot, state }) => slot === 2 && state === 'ready')
    await waitUntil(isThere, { describe: 'a worker of the code before' })
    await writeFile(join(project.path, 'open'), '')
    await Promise.all([reload, more])
    const seen = () => backWorkers(server).map(({ slot, generation }) => `${slot}: ${generation}`)
    await waitUntil(() => seen().join() === '0: 2,1: 2,2: 2', { describe: () => seen().join() })
  })

  it('takes a slot from a reload before its turn', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { workers: { Back: 3 } })
    const release = held('two', [1])
    const onBackStart = `if (process.env.EKIBEN_SLOT === '2') throw new Error('its turn'); ${release.onBackStart}`
    await project.deploy({ ...release, onBackStart })
    const reload = server.reload()
    await isBooting(server, 1, 2)
    const fewer = server.scale('Back', 2)
    await writeFile(join(project.path, 'open'), '')
    await Promise.all([reload, fewer])
    await waitUntil(() => backWorkers(server).length === 2, { describe: 'the others to leave' })
  })
})
