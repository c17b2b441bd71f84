import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { VERSION } from './version.js'

test('is the version of the package', async () => {
  const manifest = await readFile(`${__dirname}/../../package.json`, 'utf8')
  assert.equal(VERSION, (JSON.parse(manifest) as { version: string }).version)
})
