import { cp, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addCleanup } from './cleanup.mjs'

const SERVICES = fileURLToPath(new URL('services', import.meta.url))
const CORE = fileURLToPath(new URL('../packages/core', import.meta.url))

/** What a deploy puts into the file that every service imports. */
const CODE = {
  good: 'export function onReady() {}\n',
  throws: "throw new Error('a bad deploy: this module throws')\nexport function onReady() {}\n",
  dies: 'export function onReady() {\n  setTimeout(() => process.exit(1), 200)\n}\n',
  hangs: 'export function onReady() {}\nawait new Promise((resolve) => setTimeout(resolve, 1e8))\n',
}

/** A project in a folder of its own, with the services, this checkout's core, and a way to change its code. */
export async function makeProject() {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'ekb-chaos-')))
  const forget = addCleanup(() => rm(path, { recursive: true, force: true }))
  await cp(SERVICES, path, { recursive: true })
  await mkdir(join(path, 'node_modules/@ekiben'), { recursive: true })
  await mkdir(join(path, 'run'), { mode: 0o700 })
  await mkdir(join(path, 'journal'))
  await symlink(CORE, join(path, 'node_modules/@ekiben/core'))
  const deploy = async (kind) => {
    await writeFile(join(path, 'deploy.mjs.next'), CODE[kind])
    await rename(join(path, 'deploy.mjs.next'), join(path, 'deploy.mjs'))
  }
  await deploy('good')
  return {
    path,
    journal: join(path, 'journal'),
    deploy,
    async remove() {
      forget()
      await rm(path, { recursive: true, force: true })
    },
  }
}
