import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { layerFromData } from '../../packages/core/src/config/layer-from-data.js'
import { OPTIONS } from '../../packages/core/src/config/options.js'
import { HANDSHAKE_FAILURES } from '../../packages/core/src/tls/handshake-failure.js'
import { steer } from '../helpers/control-socket.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { tlsProject } from '../helpers/tls-project.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/tls.md'), 'utf8')
const shells = [...page.matchAll(/```sh\n([\s\S]+?)```/g)].map(([, command = '']) => command.trim())
const words = page.replace(/\s+/g, ' ')

/** The words after `ekiben` in a command of the page. */
function argsOf(start: RegExp): string[] {
  const command = shells.find((each) => start.test(each)) ?? ''
  const [, rest = ''] = /'ekiben ([^']*)'$/.exec(command) ?? /ekiben (.*)$/.exec(command) ?? []
  return [...rest.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? (plain as string))
}

const CLASSIFIER = `
import { defineService } from '@ekiben/core'
export const TextClassifier = defineService(class TextClassifier {
  async classify({ text }) { return { length: text.length } }
}, { apis: { classify: {} } })
`

describe('docs/tls.md', () => {
  it('shows how HTTPS is served, called and renewed', async () => {
    await using project = await tlsProject({ 'service.mjs': CLASSIFIER })
    const [reload = '', flag = '', instance = ''] = argsOf(/^certbot/)
    assert.deepEqual([reload, flag], ['reload', '--instance'])
    const quiet = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json', flag, instance]
    await using server = await startServing([EKIBEN, ...argsOf(/^ekiben serve/), ...quiet], { cwd: project.path })
    const [, variable = '', file = ''] = /^(NODE_EXTRA_CA_CERTS)=(\S+) ekiben call/m.exec(page) ?? []
    const call = argsOf(/ekiben call/).map((word) => (word.startsWith('https:') ? server.url : word))
    const called = await runNodeToEnd([EKIBEN, ...call], { env: { [variable]: project.file(file) } })
    assert.deepEqual([called.code, JSON.parse(called.stdout)], [0, { length: 5 }], called.stderr)
    const reloaded = await steer(server, [reload, flag, instance])
    assert.deepEqual([reloaded.code, reloaded.stderr], [0, ''])
  })

  it('shows options that are accepted', () => {
    const [, options = ''] = /serveHttpProduction\((\{.*\})\)/.exec(page) ?? []
    layerFromData(new Function(`return ${options}`)(), 'code', 'docs/tls.md')
  })

  it('names every setting, and every reason that a handshake fails for', () => {
    const rows = OPTIONS.filter(({ key }) => key.startsWith('ssl'))
    assert.equal(rows.length, 7)
    for (const row of rows) assert.ok(page.includes(row.secret === true ? row.env : `\`--${row.flag}`), row.key)
    const [, reasons = ''] = /with the reasons (.*?)\. The log/.exec(words) ?? []
    assert.deepEqual(
      [...reasons.matchAll(/`([\w-]+)`/g)].map(([, reason]) => reason),
      [...HANDSHAKE_FAILURES],
    )
  })
})
