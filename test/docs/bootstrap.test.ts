import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { startServing } from '../helpers/serving-command.js'
import { freePort } from '../helpers/socket-facts.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/bootstrap.md'), 'utf8')
const files = Object.fromEntries(
  [...page.matchAll(/^```js file=(\S+)\n(.*?)^```$/gms)].map(([, name, code]) => [name, code]),
)
const command = /^NODE_ENV=production node (\S+)$/m.exec(page)?.[1] ?? ''
const path = /^curl -s http:\/\/127\.0\.0\.1:3000(\S+)$/m.exec(page)?.[1]
const output = /^```json output\n(.*?)\n```$/ms.exec(page)?.[1]

for (const mode of ['production', undefined]) {
  test(`docs/bootstrap.md shows an app that does what it says (NODE_ENV=${mode})`, async () => {
    const port = await freePort()
    const main = files[command]?.replace('port: 3000', `port: ${port}`)
    assert.ok(main !== undefined && main !== files[command] && output !== undefined)
    await using project = await projectFolder({ ...files, [command]: main } as Record<string, string>, {
      packages: ['express'],
    })
    const env = { NODE_ENV: mode, EKIBEN_LOG_FORMAT: undefined }
    await using run = await startServing([command], { cwd: project.path, env })
    assert.equal(await (await fetch(`http://127.0.0.1:${port}${path}`)).text(), output)
    assert.equal(await run.stop(), 0, run.stdout() + run.stderr())
    assert.equal(run.stderr(), '')
  })
}
