import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseRuntimeDir, type FolderFacts, type RuntimeDir, refuseRuntimeDir } from './choose-runtime-dir.js'

type Env = Record<string, string | undefined>

const CHOICES: readonly (readonly [env: Env, xdgExists: boolean, dir: RuntimeDir])[] = [
  [
    { EKIBEN_RUNTIME_DIR: '/e', RUNTIME_DIRECTORY: '/r', XDG_RUNTIME_DIR: '/x', TMPDIR: '/t' },
    true,
    { path: '/e', kind: 'given' },
  ],
  [{ RUNTIME_DIRECTORY: '/r', XDG_RUNTIME_DIR: '/x' }, true, { path: '/r', kind: 'given' }],
  [{ RUNTIME_DIRECTORY: '/r/one:/r/two' }, false, { path: '/r/one', kind: 'given' }],
  [{ XDG_RUNTIME_DIR: '/x', TMPDIR: '/t' }, true, { path: '/x/ekiben', kind: 'ours' }],
  [{ XDG_RUNTIME_DIR: '/x', TMPDIR: '/t' }, false, { path: '/t/ekiben-7', kind: 'ours' }],
  [{ TMPDIR: '/t//' }, false, { path: '/t/ekiben-7', kind: 'ours' }],
  [{ TMP: '/u' }, false, { path: '/u/ekiben-7', kind: 'ours' }],
  [{ EKIBEN_RUNTIME_DIR: '', XDG_RUNTIME_DIR: '' }, true, { path: '/tmp/ekiben-7', kind: 'ours' }],
]

for (const [env, xdgExists, dir] of CHOICES) {
  test(`${JSON.stringify(env)} ${xdgExists ? 'with' : 'without'} the XDG folder chooses ${dir.path}`, () => {
    assert.deepEqual(chooseRuntimeDir({ env, uid: 7, xdgExists }), dir)
  })
}

const OURS: RuntimeDir = { path: '/p', kind: 'ours' }
const GIVEN: RuntimeDir = { path: '/p', kind: 'given' }
const FACTS: FolderFacts = { linkUid: undefined, isDirectory: true, uid: 7, mode: 0o40700 }

const REFUSALS: readonly (readonly [dir: RuntimeDir, facts: Partial<FolderFacts>, reason: string | undefined])[] = [
  [OURS, {}, undefined],
  [OURS, { linkUid: 7 }, 'it is a symbolic link'],
  [OURS, { isDirectory: false }, 'it is not a folder'],
  [OURS, { uid: 8 }, 'it belongs to user id 8, not to 7'],
  [OURS, { uid: 0 }, 'it belongs to user id 0, not to 7'],
  [OURS, { mode: 0o40750 }, 'its mode is 0750, not 0700'],
  [OURS, { mode: 0o41777 }, 'its mode is 01777, not 0700'],
  [GIVEN, { mode: 0o40755 }, undefined],
  [GIVEN, { uid: 0, mode: 0o41777 }, undefined],
  [GIVEN, { mode: 0o40777 }, 'everybody can write to it (mode 0777)'],
  [GIVEN, { uid: 8 }, 'it belongs to user id 8, not to 7 or root'],
  [GIVEN, { linkUid: 0 }, undefined],
  [GIVEN, { linkUid: 8, uid: 0 }, 'it is a symbolic link of user id 8'],
  [GIVEN, { isDirectory: false }, 'it is not a folder'],
]

for (const [dir, facts, reason] of REFUSALS) {
  test(`a folder that is ${dir.kind} with ${JSON.stringify(facts)}: ${reason ?? 'accepted'}`, () => {
    assert.equal(refuseRuntimeDir(dir, { ...FACTS, ...facts }, 7), reason)
  })
}
