import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isWatchedFile, isWatchedFolder } from './watch-rules.js'

describe('isWatchedFolder', () => {
  it('leaves out installed code, dot folders and build output', () => {
    for (const name of ['node_modules', '.git', '.next', 'dist', 'build', 'out', 'coverage']) {
      assert.equal(isWatchedFolder(name), false, name)
    }
    for (const name of ['src', 'lib', 'distance', 'templates']) assert.equal(isWatchedFolder(name), true, name)
  })

  it('leaves out what a compiler writes into, by its place and not by its name alone', () => {
    const output = new Set(['lib', 'packages/a/esm'])
    for (const path of ['lib', 'packages/a/esm', 'src/dist', 'src/.git']) {
      assert.equal(isWatchedFolder(path, output), false, path)
    }
    for (const path of ['src/lib', 'esm', 'packages/esm', 'packages/a', 'packages/b/esm']) {
      assert.equal(isWatchedFolder(path, output), true, path)
    }
  })
})

describe('isWatchedFile', () => {
  it('counts what people write', () => {
    for (const name of ['a.ts', 'a.html', 'prompt.txt', 'package.json', 'Makefile', '.env', '.env.local', 'a.tmp.ts']) {
      assert.equal(isWatchedFile(name), true, name)
    }
  })

  it('does not count what editors and programs leave behind', () => {
    const names = ['.a.ts.swp', '.#a.ts', 'a.ts~', '#a.ts#', '4913', 'app.log', 'app.log.1', 'data.sqlite-wal', 'a.pid']
    for (const name of [...names, 'data.db', 'a.ts.tmp', 'tsconfig.tsbuildinfo', '.DS_Store']) {
      assert.equal(isWatchedFile(name), false, name)
    }
  })
})
