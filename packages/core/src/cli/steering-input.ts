import type { Environment, FlagValues } from '../config/layer-from-text.js'
import type { FoundInstance } from '../supervisor/list-instances.js'
import { listInstances } from '../supervisor/list-instances.js'
import { chooseInstance } from './choose-instance.js'

/** What a command that steers a running instance is run with. */
export interface SteeringInput {
  /** SERVICE, SERVICE/SLOT or SERVICE=N; undefined for commands that take none. */
  readonly target: string | undefined
  readonly flags: FlagValues
  readonly env: Environment
}

/** The instance meant by `--instance`, else by EKIBEN_INSTANCE, else the only one. */
export async function findInstance({ flags, env }: SteeringInput): Promise<FoundInstance> {
  const named = flags.instance ?? (env.EKIBEN_INSTANCE || undefined)
  return chooseInstance(await listInstances(env), named as string | undefined)
}
