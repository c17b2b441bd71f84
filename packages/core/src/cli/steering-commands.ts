import type { Command } from 'commander'
import type { FlagValues } from '../config/layer-from-text.js'
import { type OptionRow, optionRow } from '../config/options.js'
import type { SteeringInput } from './steering-input.js'

interface SteeringCommand {
  readonly name: string
  /** Its one argument, as help shows it; undefined: it takes none. */
  readonly argument?: readonly [name: string, description: string]
  readonly description: string
  readonly load: () => Promise<(input: SteeringInput) => Promise<number>>
}

const WHICH = 'the service, or one worker of it'

/** Each is loaded only when it is run. */
const STEERING: readonly SteeringCommand[] = [
  {
    name: 'ps',
    description: 'show the instances that run, their services and workers',
    load: async () => (await import('./commands/ps.js')).ps,
  },
  {
    name: 'reload',
    description: 'replace every worker by one of the new code, and wait until that is done',
    load: async () => (await import('./commands/reload.js')).reload,
  },
  {
    name: 'restart',
    argument: ['SERVICE[/SLOT]', WHICH],
    description: 'replace workers by new ones of the same code, and wait until that is done',
    load: async () => (await import('./commands/restart.js')).restart,
  },
  {
    name: 'scale',
    argument: ['SERVICE=N', 'the service, and how many workers it is to have'],
    description: 'set the number of workers of a service, and wait until they are ready',
    load: async () => (await import('./commands/scale.js')).scale,
  },
  {
    name: 'stop',
    description: 'stop an instance, wait until it is gone, and exit as it did',
    load: async () => (await import('./commands/stop.js')).stop,
  },
  {
    name: 'dump',
    argument: ['SERVICE/SLOT', 'the worker'],
    description: "write a worker's stack, calls, handles and heap figures to a file, and print its path",
    load: async () => (await import('./commands/dump.js')).dump,
  },
]

export interface ProgramTools {
  readonly addOption: (command: Command, row: OptionRow) => void
  readonly setExitCode: (code: number) => void
}

/** Adds the commands that watch and steer running instances; returns them. */
export function addSteeringCommands(program: Command, { addOption, setExitCode }: ProgramTools): Command[] {
  return STEERING.map(({ name, argument, description, load }) => {
    const command = program.command(name).description(description)
    if (argument !== undefined) command.argument(`<${argument[0]}>`, argument[1])
    if (name === 'ps') command.option('--json', 'as JSON')
    else addOption(command, { ...optionRow('instance'), description: WHICH_INSTANCE, defaultText: 'the only one' })
    return command.action(async (...given: unknown[]) => {
      // Its arguments come first, then its flags.
      const target = argument === undefined ? undefined : (given[0] as string)
      const flags = given[argument === undefined ? 0 : 1] as FlagValues
      const run = await load()
      setExitCode(await run({ target, flags, env: process.env }))
    })
  })
}

const WHICH_INSTANCE = 'name of the running instance that is meant'
