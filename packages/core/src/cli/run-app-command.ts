import type { Command } from 'commander'
import { OPTIONS, type OptionRow } from '../config/options.js'
import { writtenWorkingDir } from '../util/written-working-dir.js'
import type { CommandInput } from './command-input.js'

export interface CommandTools {
  readonly addOption: (command: Command, row: OptionRow) => void
  readonly setExitCode: (code: number) => void
}

/** `ekiben run`: a host app that nobody changed, under the supervisor. */
export function addRunCommand(program: Command, { addOption, setExitCode }: CommandTools): Command {
  const command = program
    .command('run')
    .argument('<main>', 'the main file of an app: what node is started with')
    .argument('[args...]', 'its own arguments, after --')
    .description('run an app that listens by itself, in as many workers as are asked for')
    .action(async (main: string, args: readonly string[], flags: CommandInput['flags']) => {
      const { run } = await import('./commands/run.js')
      setExitCode(await run({ main, args, flags, env: process.env, cwd: writtenWorkingDir() }))
    })
  for (const row of OPTIONS.filter(isTaken)) addOption(command, row)
  return command
}

function isTaken({ takenBy, noFlagOf }: OptionRow): boolean {
  return takenBy?.includes('run') !== false && noFlagOf?.includes('run') !== true
}
