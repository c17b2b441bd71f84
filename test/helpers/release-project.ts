import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serveHttpProduction } from '@ekiben/core/serving'
import type { ServeHttpProductionOptions } from '../../packages/core/src/config/serve-settings.js'
import { type ProjectFolder, projectFolder } from './project-folder.js'

export interface Release {
  /** What its services answer as `version`. */
  readonly version: string
  /** Code at the top of the module. */
  readonly onLoad?: string
  /** Body of `onStart` of the front service, and of the back one. */
  readonly onFrontStart?: string
  readonly onBackStart?: string
  /** Name of the back service's api, which the front calls. */
  readonly backApi?: string
  /** Settings of the front service. */
  readonly front?: string
}

/** Front -> Back: `who` answers with version, pid and generation of both. */
export function releaseCode(release: Release): string {
  const { version, onLoad = '', onFrontStart = '', onBackStart = '', backApi = 'who', front = '' } = release
  return `
import { setTimeout as sleep } from 'node:timers/promises'
import { defineService } from '@ekiben/core'
${onLoad}
const me = { version: '${version}', pid: process.pid, generation: Number(process.env.EKIBEN_GENERATION), cwd: process.cwd() }
export const Back = defineService(
  class Back {
    async onStart() { ${onBackStart} }
    async ${backApi}() { return me }
  },
  { apis: { ${backApi}: {} } },
)
export const Front = defineService(
  class Front {
    async onStart() { ${onFrontStart} }
    async who({ ms = 0 }) {
      await sleep(ms)
      return { ...me, back: await this.back.${backApi}({}) }
    }
  },
  { apis: { who: {} }, dependencies: { back: Back }, ${front} },
)
`
}

/** What `who` answers. */
export interface Who {
  readonly version: string
  readonly pid: number
  readonly generation: number
  readonly cwd: string
  readonly back: Omit<Who, 'back'>
}

export interface ReleaseProject extends ProjectFolder {
  /** Changes the code in place. */
  deploy(release: Release): Promise<void>
}

export async function releaseProject(release: Release): Promise<ReleaseProject> {
  const project = await projectFolder({ 'package.json': { type: 'module' }, 'service.js': releaseCode(release) })
  return { ...project, deploy: (next) => writeFile(join(project.path, 'service.js'), releaseCode(next)) }
}

/** Puts a release into a folder of its own and points the link `current` at it, as deploy tools do. */
export async function linkRelease(project: ProjectFolder, release: Release): Promise<string> {
  const folder = join(project.path, 'releases', release.version)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(join(folder, 'service.js'), releaseCode(release))
  await pointAt(project, folder)
  return folder
}

export async function pointAt(project: ProjectFolder, folder: string): Promise<void> {
  const next = join(project.path, 'next')
  await symlink(folder, next)
  await rename(next, join(project.path, 'current'))
}

/** Serves the project in this process, quietly, with short waits. */
export function serveProject(workingDir: string, options: ServeHttpProductionOptions = {}) {
  const { supervision, ...others } = options
  // The loader of the tests is no business of the workers, which would load it at each start.
  process.execArgv.splice(0)
  return serveHttpProduction({
    identifier: 'service:Front',
    workingDir,
    port: 0,
    host: '127.0.0.1',
    logLevel: 'silent',
    ...others,
    supervision: { minReadyMs: 100, ...supervision },
  })
}
