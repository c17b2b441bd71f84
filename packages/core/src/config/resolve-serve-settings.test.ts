import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { loadServeSettingsFromCode, resolveServeSettings, type SettingsInput } from './resolve-serve-settings.js'

const NOTHING: SettingsInput = {
  code: undefined,
  flags: undefined,
  env: undefined,
  readFile: false,
  cwd: '/',
  terminal: false,
}
const resolveWith = (input: Partial<SettingsInput>) => resolveServeSettings({ ...NOTHING, ...input })
const invalid = (message: RegExp) => ({ code: 'EKB_ERR_CONFIG_INVALID', message })

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ekb-settings-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

describe('resolveServeSettings', () => {
  it('takes PORT only where nothing else says the port', async () => {
    const env = { PORT: '8000' }
    assert.equal((await resolveWith({ env })).port, 8000)
    assert.equal((await resolveWith({ env })).sources.port, 'variable PORT')
    assert.equal((await resolveWith({ env: { ...env, EKIBEN_PORT: '8001' } })).port, 8001)
    assert.equal((await resolveWith({ env, code: { port: 8002 } })).port, 8002)
    assert.equal((await resolveWith({ env: { PORT: 'none of ours' }, flags: { port: '1' } })).port, 1)
    await assert.rejects(resolveWith({ env: { PORT: 'x' } }), invalid(/variable PORT/))
  })

  it('reads the file of the working directory, and says so', async (t) => {
    const cwd = await folder(t)
    await mkdir(join(cwd, 'app'))
    await writeFile(join(cwd, 'app', 'ekiben.config.json'), '{"port": 8100}')
    const settings = await resolveWith({ cwd, readFile: true, flags: { workingDir: 'app' } })
    assert.deepEqual([settings.port, settings.sources.port], [8100, `file ${join('app', 'ekiben.config.json')}`])
    assert.equal(settings.workingDir, join(cwd, 'app'))
    assert.equal((await resolveWith({ cwd, flags: { workingDir: 'app' } })).port, 3000)
  })

  it('reads the file that is named, against the current directory', async (t) => {
    const cwd = await folder(t)
    await mkdir(join(cwd, 'app'))
    await writeFile(join(cwd, 'other.json'), '{"port": 8200}')
    const flags = { workingDir: 'app', config: 'other.json' }
    assert.equal((await resolveWith({ cwd, flags })).port, 8200)
    assert.equal((await resolveWith({ cwd, env: { EKIBEN_CONFIG: 'other.json' } })).port, 8200)
    assert.equal((await resolveWith({ cwd, code: { config: 'other.json' } })).port, 8200)
  })

  it('wants a working directory that exists', async (t) => {
    const cwd = await folder(t)
    await assert.rejects(
      resolveWith({ cwd, flags: { workingDir: 'nope' } }),
      invalid(/flag --working-dir.*a folder that exists/),
    )
  })

  it('takes an identifier or a service, and the folder by default', async () => {
    class Service {}
    assert.equal((await resolveWith({})).identifier, '.')
    assert.equal((await resolveWith({ code: { identifier: Service } })).identifier, Service)
    assert.equal((await resolveWith({ code: { identifier: 'a' }, flags: { identifier: 'b' } })).identifier, 'b')
    await assert.rejects(resolveWith({ code: { identifier: 7 as never } }), invalid(/'identifier'.*is 7/))
  })
})

describe('loadServeSettingsFromCode', () => {
  it('reads neither environment nor file unless asked', async (t) => {
    const workingDir = await folder(t)
    await writeFile(join(workingDir, 'ekiben.config.json'), '{"backlog": 9}')
    process.env.EKIBEN_PORT = '8300'
    t.after(() => delete process.env.EKIBEN_PORT)
    const plain = await loadServeSettingsFromCode({ workingDir })
    assert.deepEqual([plain.port, plain.backlog], [3000, 2048])
    const asked = await loadServeSettingsFromCode({ workingDir, readEnvironment: true, config: true })
    assert.deepEqual([asked.port, asked.backlog], [8300, 9])
  })

  it('names an option that does not exist', async () => {
    await assert.rejects(loadServeSettingsFromCode({ prot: 1 } as never), {
      code: 'EKB_ERR_CONFIG_UNKNOWN',
      message: /'prot' \(options in code\)/,
    })
  })
})
