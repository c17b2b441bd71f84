import { resolveServeSettings } from '../../config/resolve-serve-settings.js'
import type { CommandInput } from '../command-input.js'
import { print } from '../print.js'
import { redactSecrets } from '../redact-secrets.js'

/** `ekiben graph`: prints what a service depends on; resolves with the exit code. */
export async function graph({ identifier, flags, env, cwd }: CommandInput): Promise<number> {
  const { json, ...given } = flags
  const settings = await resolveServeSettings({
    code: undefined,
    flags: { ...given, ...(identifier !== undefined && { identifier }) },
    // What is served how is no matter here: a bad port or file must not stand in the way of the graph.
    env: {
      EKIBEN_WORKING_DIR: env.EKIBEN_WORKING_DIR,
      EKIBEN_DEPENDS: env.EKIBEN_DEPENDS,
      EKIBEN_ONLY: env.EKIBEN_ONLY,
    },
    readFile: false,
    cwd,
  })
  const { describeGraph } = await import('../../supervisor/start-serving.js')
  const described = await describeGraph({ ...settings, log: { ...settings.log, level: 'silent' } })
  if (json === true) {
    print(`${JSON.stringify(redactSecrets(described), null, 2)}\n`)
  } else {
    const { formatGraph } = await import('../../graph/format-graph.js')
    print(`${formatGraph(described).trimEnd()}\n`)
  }
  return 0
}
