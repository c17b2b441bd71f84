import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { SpoolFolder } from './spool-folder.js'

const DAY_MS = 24 * 60 * 60_000

describe('SpoolFolder.clearDead', { skip: process.platform !== 'linux' && 'there are no namespaces' }, () => {
  it('removes what dead processes left, and of containers whose processes it cannot see what is old', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'ekb-spool-'))
    const { TMPDIR } = process.env
    process.env.TMPDIR = folder
    const spool = new SpoolFolder()
    t.after(async () => {
      await spool.remove()
      if (TMPDIR === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = TMPDIR
      await rm(folder, { recursive: true })
    })
    const own = basename(dirname(await spool.pathOf('file')))
    const [, , , , namespace = '0'] = own.split('-')
    const make = async (name: string, ageMs = 0) => {
      await mkdir(join(folder, name))
      const at = new Date(Date.now() - ageMs)
      await utimes(join(folder, name), at, at)
    }
    await make(`ekiben-uploads-${process.pid}-1-${namespace}-abcdef`)
    await make(`ekiben-uploads-${process.pid}-1-${namespace}0-abcdef`)
    await make(`ekiben-uploads-${process.pid}-2-${namespace}0-abcdef`, 2 * DAY_MS)
    await make('ekiben-uploads-of-others', 2 * DAY_MS)
    await spool.clearDead()
    assert.deepEqual(
      new Set(await readdir(folder)),
      new Set([own, `ekiben-uploads-${process.pid}-1-${namespace}0-abcdef`, 'ekiben-uploads-of-others']),
    )
  })
})
