import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { layerFromData } from './layer-from-data.js'
import { layerFromEnvironment, layerFromFlags, layerFromPortVariable } from './layer-from-text.js'
import { OPTIONS } from './options.js'

const refuses = (read: () => unknown, code: string, message: RegExp, hint = /./) => {
  assert.throws(read, (error: Error & { code: string; hint: string }) => {
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.match(error.hint, hint)
    return true
  })
}
const file = (data: unknown) => () => layerFromData(data, 'file', 'file x.json')
const code = (data: unknown) => () => layerFromData(data, 'code', 'options in code')
const set = (...set: string[]) => layerFromFlags({ set })
const pathsOf = (entries: Iterable<{ path: readonly string[]; value: unknown }>) =>
  [...entries].map(({ path, value }) => [path.join('|'), value])

describe('options table', () => {
  it('has one variable per flag, named after it', () => {
    assert.ok(OPTIONS.length > 0)
    for (const row of OPTIONS) {
      assert.equal(row.env, `EKIBEN_${row.flag.toUpperCase().replaceAll('-', '_')}`)
      const key = row.flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
      // The contract names this one otherwise in code.
      assert.equal(row.key, key === 'development' ? 'developmentMode' : key)
    }
  })
})

describe('layer from data', () => {
  it('names an unknown key and near ones', () => {
    refuses(
      file({ prot: 1 }),
      'EKB_ERR_CONFIG_UNKNOWN',
      /^Unknown setting 'prot' \(file x\.json\)$/,
      /Did you mean port/,
    )
    refuses(
      file({ supervision: { bootTimeout: 1 } }),
      'EKB_ERR_CONFIG_UNKNOWN',
      /supervision\.bootTimeout'/,
      /supervision\.bootTimeoutMs/,
    )
    refuses(
      file({ services: { A: { worker: 1 } } }),
      'EKB_ERR_CONFIG_UNKNOWN',
      /services\.A\.worker'/,
      /services\.A\.workers/,
    )
    refuses(file({ supervision: { restart: { max: 1 } } }), 'EKB_ERR_CONFIG_UNKNOWN', /supervision\.restart\.max'/)
    refuses(file({ constructor: 1 }), 'EKB_ERR_CONFIG_UNKNOWN', /constructor/)
    refuses(file({ services: { A: { toString: 1 } } }), 'EKB_ERR_CONFIG_UNKNOWN', /toString/)
  })

  it('refuses in a file what only makes sense above it', () => {
    for (const key of ['workingDir', 'config', 'set', 'dryRun', 'explain', 'identifier', 'handleSignals']) {
      refuses(file({ [key]: '.' }), 'EKB_ERR_CONFIG_UNKNOWN', new RegExp(key))
    }
  })

  it('says the value received and what was expected', () => {
    refuses(
      file({ port: '3000' }),
      'EKB_ERR_CONFIG_INVALID',
      /^Setting 'port' \(file x\.json\) is '3000'; expected a whole number from 0 to 65535$/,
    )
    refuses(file({ workers: { A: 0 } }), 'EKB_ERR_CONFIG_INVALID', /'workers\.A' .* is 0; .* or more, or 'cpu'$/)
    refuses(file({ workers: 3 }), 'EKB_ERR_CONFIG_INVALID', /'workers' .* is 3; expected an object$/)
    refuses(file({ services: { A: { env: { N: 1 } } } }), 'EKB_ERR_CONFIG_INVALID', /services\.A\.env\.N/)
    refuses(file({ services: { 'a b': {} } }), 'EKB_ERR_CONFIG_INVALID', /services\.a b/)
    refuses(file(null), 'EKB_ERR_CONFIG_INVALID', /is null; expected an object$/)
    refuses(file([]), 'EKB_ERR_CONFIG_INVALID', /is a list of 0; expected an object$/)
  })

  it('refuses one setting given under two names', () => {
    refuses(file({ timeout: 1, timeoutMs: 1000 }), 'EKB_ERR_CONFIG_INVALID', /'timeout' .* 'given twice'/)
    refuses(file({ workers: { A: 1 }, services: { A: { workers: 1 } } }), 'EKB_ERR_CONFIG_INVALID', /workers\.A/)
  })

  it('takes the contract’s example in code, where what is not built is off', () => {
    const example = {
      identifier: 'service:TextClassifier',
      workingDir: '.',
      port: 3000,
      host: '0.0.0.0',
      backlog: 2048,
      apiWorkers: 4,
      timeout: undefined,
      developmentMode: false,
      reload: false,
      threaded: false,
      sslCertfile: undefined,
      sslKeyfile: undefined,
    }
    assert.deepEqual(pathsOf(code(example)()), [
      ['workingDir', '.'],
      ['port', 3000],
      ['host', '0.0.0.0'],
      ['backlog', 2048],
      ['apiWorkers', 4],
      ['developmentMode', false],
      ['reload', false],
      ['threaded', false],
    ])
    refuses(code({ developmentMode: 'yes' }), 'EKB_ERR_CONFIG_INVALID', /developmentMode/)
    refuses(code({ handleSignals: 'yes' }), 'EKB_ERR_CONFIG_INVALID', /handleSignals/)
  })
})

describe('layer from flags and variables', () => {
  it('reads every option as text', () => {
    const entries = layerFromEnvironment({
      EKIBEN_PORT: '8080',
      EKIBEN_WORKERS: 'A=2, B.c=cpu',
      EKIBEN_SET: 'backlog=5;A.bootTimeoutMs=9',
      EKIBEN_ACCESS_LOG: 'off',
      EKIBEN_HOST: '',
      EKIBEN_SERVICE_HOST: '10.0.0.1',
    })
    assert.deepEqual(pathsOf(entries), [
      ['backlog', 5],
      ['services|A|bootTimeoutMs', 9],
      ['port', 8080],
      ['workers|A', 2],
      ['workers|B.c', 'cpu'],
      ['accessLog', false],
    ])
  })

  it('reads where services run that do not run here, in every spelling', () => {
    const expected = [
      ['depends|A', 'http://a:3000/x,y'],
      ['depends|B.c', 'https://b'],
    ]
    const read = [
      layerFromFlags({ depends: ['A=http://a:3000/x,y', 'B.c=https://b'] }),
      layerFromEnvironment({ EKIBEN_DEPENDS: 'A=http://a:3000/x,y, B.c=https://b' }),
      layerFromFlags({ set: ['depends.A=http://a:3000/x,y', 'depends=B.c=https://b'] }),
      layerFromData({ depends: { A: 'http://a:3000/x,y', 'B.c': 'https://b' } }, 'file', 'file f'),
      layerFromData({ depends: { A: 'http://a:3000/x,y', 'B.c': 'https://b' } }, 'code', 'options in code'),
    ]
    for (const entries of read) assert.deepEqual(pathsOf(entries), expected)
  })

  it('names the flag or the variable of an impossible value', () => {
    refuses(
      () => layerFromFlags({ depends: ['http://u:pw@a'] }),
      'EKB_ERR_CONFIG_INVALID',
      /'http:\/\/\*\*\*@a'.*NAME=URL/,
    )
    refuses(
      () => layerFromFlags({ depends: ['A=a:3000'] }),
      'EKB_ERR_CONFIG_INVALID',
      /'depends\.A' \(flag --depends\)/,
    )
    refuses(() => layerFromFlags({ depends: ['7=http://a'] }), 'EKB_ERR_CONFIG_INVALID', /NAME=URL/)
    refuses(file({ depends: { '7': 'http://a' } }), 'EKB_ERR_CONFIG_INVALID', /a service name/)
    refuses(file({ depends: { A: 7 } }), 'EKB_ERR_CONFIG_INVALID', /'depends\.A'/)
    refuses(file({ depends: 'http://a' }), 'EKB_ERR_CONFIG_INVALID', /expected an object/)
    refuses(() => layerFromFlags({ port: 'abc' }), 'EKB_ERR_CONFIG_INVALID', /^Setting 'port' \(flag --port\) is 'abc'/)
    refuses(
      () => layerFromEnvironment({ EKIBEN_PORT: 'tcp://10.0.0.1:80' }),
      'EKB_ERR_CONFIG_INVALID',
      /variable EKIBEN_PORT/,
    )
    refuses(() => layerFromFlags({ workers: ['Embedder'] }), 'EKB_ERR_CONFIG_INVALID', /expected NAME=N/)
    refuses(() => layerFromFlags({ workers: ['A=many'] }), 'EKB_ERR_CONFIG_INVALID', /'workers\.A'/)
    refuses(() => layerFromPortVariable({ PORT: 'x' }), 'EKB_ERR_CONFIG_INVALID', /variable PORT/)
  })

  it('sets anything that the configuration file takes', () => {
    assert.deepEqual(
      pathsOf(
        set(
          'port=1',
          'timeoutMs=5',
          'workers.A=3',
          'workers=B=4',
          'services.C.workers=5',
          'D.workers=6',
          'restart.factor=3',
          'supervision.bootTimeoutMs=8',
          'my.svc.env.TOKEN=a=b',
          'E.nodeArgs=["--expose-gc"]',
        ),
      ),
      [
        ['port', 1],
        ['timeout', 5],
        ['workers|A', 3],
        ['workers|B', 4],
        ['workers|C', 5],
        ['workers|D', 6],
        ['supervision|restart|factor', 3],
        ['supervision|bootTimeoutMs', 8],
        ['services|my.svc|env|TOKEN', 'a=b'],
        ['services|E|nodeArgs', ['--expose-gc']],
      ],
    )
  })

  it('refuses to set what does not exist', () => {
    refuses(() => set('prot=1'), 'EKB_ERR_CONFIG_UNKNOWN', /'prot' \(flag --set\)/, /Did you mean port/)
    refuses(() => set('A.worker=1'), 'EKB_ERR_CONFIG_UNKNOWN', /'A\.worker'/, /A\.workers/)
    refuses(() => set('A.restart.max=1'), 'EKB_ERR_CONFIG_UNKNOWN', /services\.A\.restart\.max/)
    refuses(() => set('A.restart=1'), 'EKB_ERR_CONFIG_UNKNOWN', /services\.A\.restart/)
    refuses(() => set('A.env.X.Y=1'), 'EKB_ERR_CONFIG_UNKNOWN', /services\.A\.env\.X\.Y/)
    refuses(() => set('supervision=1'), 'EKB_ERR_CONFIG_UNKNOWN', /'supervision'/)
    refuses(() => set('port'), 'EKB_ERR_CONFIG_INVALID', /expected KEY=VALUE/)
    refuses(() => set('port=x'), 'EKB_ERR_CONFIG_INVALID', /'port' \(flag --set\)/)
    refuses(() => set('workingDir=/'), 'EKB_ERR_CONFIG_UNKNOWN', /workingDir/)
  })

  it('refuses to set a secret, and does not repeat it', () => {
    const message = /^(?!.*hunter2)Setting 'sslKeyfilePassword' is a secret.*\((flag --set|variable EKIBEN_SET)\)$/
    const hint = /EKIBEN_SSL_KEYFILE_PASSWORD.*configuration file/
    for (const text of ['sslKeyfilePassword=hunter2', 'sslKeyfilePassword.x=hunter2']) {
      refuses(() => set(text), 'EKB_ERR_CONFIG_SECRET', message, hint)
      refuses(() => layerFromEnvironment({ EKIBEN_SET: `port=1;${text}` }), 'EKB_ERR_CONFIG_SECRET', message, hint)
    }
  })

  it('prefers the flag of its own to --set', () => {
    assert.deepEqual(pathsOf(layerFromFlags({ port: '1', set: ['port=2'] })), [['port', 1]])
  })
})
