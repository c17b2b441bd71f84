import { spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'
import { EKIBEN } from './serve-fixture.js'

/** Skips a test that runs workers as another user where that cannot be, and says why. */
export function cannotActAsOthers(t: TestContext): boolean {
  const reason = whyNotAsOthers()
  if (reason !== undefined) t.skip(reason)
  return reason !== undefined
}

/** undefined: they can be. */
export function whyNotAsOthers(): string | undefined {
  if (process.getuid?.() !== 0 || process.platform !== 'linux')
    return 'only root can start a process as somebody else, and /proc shows what became of it'
  const { status } = spawnSync('test', ['-r', EKIBEN], { uid: 65_534, gid: 65_534, cwd: '/' })
  return status === 0 ? undefined : 'this checkout is in a folder that only its owner may enter'
}
