/** Links below a project that is watched: they are followed, and may come to lead elsewhere (`ln -sfn`). */
import { cp, mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { greeterProject } from '../helpers/development-project.js'
import type { ProjectFolder } from '../helpers/project-folder.js'
import { greets, isRestarted, save, serveReloading, stops, words } from '../helpers/reloading.js'

const QUIET = ['--set', 'accessLog=false']

/** Has a link lead to a target, in place of where it led. */
async function pointAt({ path }: ProjectFolder, link: string, target: string): Promise<void> {
  await symlink(target, join(path, '.next'))
  await rename(join(path, '.next'), join(path, link))
}

describe('a link that comes to lead elsewhere', () => {
  for (const [what, link, targetOf] of [
    ['a folder', 'linked', (version: string) => `.versions/${version}`],
    ['a file', 'linked.ts', (version: string) => `.versions/${version}/words.ts`],
  ] as const) {
    it(`has the new code loaded, and followed, where it leads to ${what}`, async () => {
      const from = what === 'a folder' ? './linked/words.js' : './linked.js'
      await using project = await greeterProject('standard', { 'words.ts': `export { words } from '${from}'\n` })
      for (const version of ['one', 'two', 'three']) {
        await mkdir(join(project.path, '.versions', version), { recursive: true })
        await writeFile(join(project.path, '.versions', version, 'words.ts'), words(version))
      }
      await pointAt(project, link, targetOf('one'))
      await using run = await serveReloading(project, QUIET)
      await greets(run, 'one')
      await pointAt(project, link, targetOf('two'))
      await greets(run, 'two')
      // What lies outside of what is watched is watched once it is known that it was loaded.
      await run.ready(2)
      await save(project, '.versions/two/words.ts', words('two, changed'))
      await greets(run, 'two, changed')
      await pointAt(project, link, targetOf('three'))
      await greets(run, 'three')
      // What it led to before is no part of it any more, once it is known what the new run has loaded.
      await run.ready(4)
      await save(project, '.versions/two/words.ts', words('nobody reads this'))
      await save(project, '.versions/three/words.ts', words('three, changed'))
      await greets(run, 'three, changed')
      isRestarted(run, 4)
      await stops(run)
    })
  }

  it('has the new release served where it leads to the working directory', async () => {
    await using project = await greeterProject()
    const { path } = project
    for (const release of ['one', 'two']) {
      await mkdir(join(path, 'releases', release), { recursive: true })
      for (const name of ['package.json', 'tsconfig.json', 'helper.ts', 'service.ts']) {
        await cp(join(path, name), join(path, 'releases', release, name))
      }
      await save(project, `releases/${release}/words.ts`, words(release))
    }
    await pointAt(project, 'current', 'releases/one')
    await using run = await serveReloading(project, ['--working-dir', join(path, 'current'), ...QUIET])
    await greets(run, 'one')
    await pointAt(project, 'current', 'releases/two')
    await greets(run, 'two')
    await run.ready(2)
    await save(project, 'releases/one/words.ts', words('nobody reads this'))
    await save(project, 'releases/two/prompt.txt', 'not loaded, but below it')
    await run.ready(3)
    await save(project, 'releases/two/words.ts', words('two, changed'))
    await greets(run, 'two, changed')
    isRestarted(run, 3)
    await stops(run)
  })
})
