import { type ProjectFolder, type ProjectOptions, projectFolder } from './project-folder.js'

export const FLAVOURS = ['standard', 'legacy'] as const
/** Which kind of decorators TypeScript compiles. */
export type Flavour = (typeof FLAVOURS)[number]

const WORDS = `export const words: string = 'first'\n`

const HELPER = `
import { api, service } from '@ekiben/core'

@service()
export class Helper {
  @api()
  async pid(): Promise<number> {
    return process.pid
  }

  @api()
  async fail(): Promise<void> {
    throw new Error('broken inside')
  }
}
`

const SERVICE = `
import { api, depends, service, type ServiceClient } from '@ekiben/core'
import { Helper } from './helper.js'
import { words } from './words.js'

@service()
export class Greeter {
  @depends(Helper) helper!: ServiceClient<Helper>

  @api()
  async greet(): Promise<object> {
    return { words, own: process.pid, helper: await this.helper.pid(), mode: process.env.NODE_ENV, set: process.env.GREETER_SET }
  }

  @api()
  async fail(): Promise<void> {
    throw new TypeError('no good', { cause: new Error('deeper') })
  }

  @api()
  async failBelow(): Promise<void> {
    await this.helper.fail()
  }
}
`

export interface Greeting {
  readonly words: string
  readonly own: number
  readonly helper: number
  readonly mode: string
  /** A variable that the service may declare. */
  readonly set?: string
}

/** A service in TypeScript, with one that it depends on, and a file with the words that it answers. */
export function greeterProject(
  flavour: Flavour = 'standard',
  more: Readonly<Record<string, string | object>> = {},
  options: ProjectOptions = {},
): Promise<ProjectFolder> {
  const files = {
    'package.json': { name: 'greeter', type: 'module' },
    'tsconfig.json': { compilerOptions: { experimentalDecorators: flavour === 'legacy' } },
    'words.ts': WORDS,
    'helper.ts': HELPER,
    'service.ts': SERVICE,
    ...more,
  }
  return projectFolder(files, options)
}
