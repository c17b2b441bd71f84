import { TRAITS_VARIABLE, WORKER_TRAITS, type WorkerTrait } from '../../ipc/worker-variables.js'

/** How this worker is to run: read once, before any code of the user's, which does not see it. */
export function takeTraits(env: NodeJS.ProcessEnv): ReadonlySet<WorkerTrait> {
  const given = env[TRAITS_VARIABLE]
  delete env[TRAITS_VARIABLE]
  return new Set((given ?? '').split(',').filter(isTrait))
}

function isTrait(word: string): word is WorkerTrait {
  return (WORKER_TRAITS as readonly string[]).includes(word)
}
