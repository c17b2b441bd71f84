import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { assertServesByNpx, assertServesInEveryForm } from '../helpers/forms.js'
import { type InstalledProject, installProject, type PackedPackages, packPackages } from '../helpers/packed-project.js'
import { assertPasses } from '../helpers/user-project.js'

describe('core alone, from a packed archive in an empty folder', () => {
  let packed: PackedPackages
  let project: InstalledProject
  before(async () => {
    packed = await packPackages([])
    project = await installProject(
      {},
      { ...packed.archives, '@types/node': '20.19.43', koa: '3.3.0', tsx: '4.23.15', typescript: '6.0.3' },
    )
  })
  after(async () => {
    await project[Symbol.asyncDispose]()
    await packed[Symbol.asyncDispose]()
  })

  test('serves a bare server of node:http with pools, in every form', async () => {
    await assertServesInEveryForm(project, 'bare')
  })

  test('serves services with npx ekiben serve', async () => {
    await assertServesByNpx(project)
  })

  test('is enough for the adapter that docs/adapters.md makes, and has the suite that says so', async () => {
    await cp('docs/adapters.md', join(project.path, 'docs/adapters.md'))
    await assertPasses(project, ['test/e2e/koa.test.ts'])
  })
})
