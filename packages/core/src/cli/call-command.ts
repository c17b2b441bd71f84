import { type Command, Option } from 'commander'

interface CallFlags {
  readonly timeout?: string
  readonly header?: readonly string[]
  readonly file?: readonly string[]
}

/** Adds `ekiben call`; returns it. */
export function addCallCommand(program: Command, setExitCode: (code: number) => void): Command {
  const repeat = (item: string, before: string[] = []) => [...before, item]
  return program
    .command('call')
    .argument('<url>', 'address of the server')
    .argument('<api>', 'name of the api, or its route')
    .argument(
      '[input]',
      'JSON; @FILE: what the file holds; -: standard input. A text that is the whole input is no JSON',
    )
    .description('call an api over HTTP and print its answer; a stream item by item')
    .addOption(new Option('--timeout <S>', 'seconds until the answer must be there (default: none)'))
    .addOption(new Option('--header <NAME:VALUE>', 'a header to send; may be repeated').argParser(repeat))
    .addOption(new Option('--file <FIELD=FILE>', 'a file as a field of the input; may be repeated').argParser(repeat))
    .action(async (url: string, api: string, input: string | undefined, flags: CallFlags) => {
      const { call } = await import('./commands/call.js')
      setExitCode(await call({ url, api, input, ...flags }))
    })
}
