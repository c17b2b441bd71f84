import { Command, CommanderError, Option } from 'commander'
import { OPTIONS, type OptionRow, type OptionTaker, optionRow } from '../config/options.js'
import { createError } from '../errors/service-error.js'
import { VERSION } from '../util/version.js'
import { writtenWorkingDir } from '../util/written-working-dir.js'
import { addCallCommand } from './call-command.js'
import type { CommandInput } from './command-input.js'
import { print, printError } from './print.js'
import { addRunCommand } from './run-app-command.js'
import { addSteeringCommands } from './steering-commands.js'
import { usageError } from './usage-error.js'

/** Reads the command line and runs its command; resolves with the exit code. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const program = createProgram((code) => {
    exitCode = code
  })
  if (argv.length === 0) {
    printError(program.helpInformation())
    throw createError('EKB_ERR_CLI_USAGE', { reason: 'No command was given', near: [] })
  }
  try {
    await program.parseAsync(withInspectAddress(argv), { from: 'user' })
  } catch (error) {
    // --help and --version end the parsing by an error of code 0.
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error
  }
  return exitCode
}

/** As Node's own, `--inspect` alone takes no word that follows for its address. */
function withInspectAddress(argv: readonly string[]): readonly string[] {
  const ours = argv.indexOf('--')
  const isOurs = (at: number): boolean => ours === -1 || at < ours
  return argv.map((argument, at) => (argument === '--inspect' && isOurs(at) ? '--inspect=true' : argument))
}

type Run = (input: CommandInput) => Promise<number>

function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('ekiben').description('Serves a service class and all it depends on, in production.')
  const action = (load: () => Promise<Run>) => async (identifier: string | undefined, flags: CommandInput['flags']) => {
    const run = await load()
    setExitCode(await run({ identifier, flags, env: process.env, cwd: writtenWorkingDir() }))
  }
  const serve = program
    .command('serve')
    .argument('[identifier]', "what to serve: 'module:ServiceClass', a file, a package or a folder", '.')
    .description('serve a service and its dependencies, each with its own pool of workers')
    .action(action(async () => (await import('./commands/serve.js')).serve))
  for (const row of OPTIONS) if (row.takenBy?.includes('serve') !== false) addOption(serve, row)
  const graph = program
    .command('graph')
    .argument('[identifier]', 'as for serve', '.')
    .description('print the tree of services that a service depends on')
    .option('--json', 'as JSON')
    .action(action(async () => (await import('./commands/graph.js')).graph))
  for (const key of ['workingDir', 'depends', 'only']) addOption(graph, optionRow(key))
  const steering = addSteeringCommands(program, { addOption, setExitCode })
  const call = addCallCommand(program, setExitCode)
  const run = addRunCommand(program, { addOption, setExitCode })
  for (const command of [program, serve, run, graph, ...steering, call]) setUp(command, program)
  return program
}

function setUp(command: Command, program: Command): void {
  command
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureOutput({ writeOut: print, writeErr: () => undefined })
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .exitOverride((error) => {
      if (error.exitCode === 0) throw error
      const flags = command.options
        .flatMap((option) => [option.long, option.short])
        .filter((flag) => flag !== undefined)
      const commands = program.commands.map((known) => known.name())
      throw usageError(error.message, { flags: [...flags, '--help'], commands })
    })
}

function addOption(command: Command, row: OptionRow): void {
  if (row.secret === true) return
  const names = `${row.short === undefined ? '' : `-${row.short}, `}--${row.flag}`
  const value = row.value === undefined ? '' : ` <${row.value}>`
  const repeat = row.repeatable === true ? '; may be repeated' : ''
  const defaultText = row.defaultOf?.[command.name() as OptionTaker] ?? row.defaultText
  const text = `${row.description}${repeat} (default: ${defaultText}; env: ${row.env})`
  const option = new Option(`${names}${value}`, text)
  // The name of a flag is not always that of its setting.
  option.attributeName = () => row.key
  if (row.repeatable === true) option.argParser((item: string, before: string[] = []) => [...before, item])
  command.addOption(option)
  // A switch that is not off by default needs a word that turns it off; the row's own text names it.
  if (row.value === undefined && row.default !== false) command.addOption(new Option(`--no-${row.flag}`).hideHelp())
}
