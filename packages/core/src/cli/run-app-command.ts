import { type Command, Option } from 'commander'
import { OPTIONS, type OptionRow } from '../config/options.js'
import { writtenWorkingDir } from '../util/written-working-dir.js'
import type { CommandInput } from './command-input.js'

/** Said by `services.NAME`, for what an app calls: its own workers are processes, as many as `--api-workers` says. */
const NO_FLAG = ['workers', 'threaded']

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
  const text = 'a port that the app listens on although PORT is another (default: none; env: EKIBEN_APP_PORT)'
  command.addOption(new Option('--app-port <N>', text))
  const ready =
    "when a worker is ready: when it listens (listen), at process.send('ready') (message), or at once, for an app that never listens (start)"
  command.addOption(new Option('--ready <WHEN>', `${ready} (default: listen; env: EKIBEN_READY)`))
  return command
}

function isTaken({ key, takenBy }: OptionRow): boolean {
  return takenBy?.includes('run') !== false && !NO_FLAG.includes(key)
}
