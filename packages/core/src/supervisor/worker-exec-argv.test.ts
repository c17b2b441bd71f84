import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { workerExecArgv } from './worker-exec-argv.js'

describe('workerExecArgv', () => {
  it('hands on loaders and conditions', () => {
    const flags = ['--import', './load.mjs', '--conditions=development', '--enable-source-maps', '-r', 'dotenv/config']
    assert.deepEqual(workerExecArgv(flags), flags)
  })

  it('hands on no program, which would start the server again', () => {
    assert.deepEqual(workerExecArgv(['-e', 'serve()', '--no-warnings']), ['--no-warnings'])
    assert.deepEqual(workerExecArgv(['--eval=serve()', '-p', 'serve()', '--print=1']), [])
  })

  it('hands on neither the inspector nor what runs or profiles the supervisor', () => {
    assert.deepEqual(workerExecArgv(['--inspect=0', '--inspect-brk', '--test', '--watch-path=.', '--cpu-prof']), [])
  })

  it('hands on no value of a flag that stays behind, which Node would run as a program', () => {
    const flags = ['--cpu-prof', '--cpu-prof-dir', 'profiles', '--inspect-port', '9230', '--import', './load.mjs']
    assert.deepEqual(workerExecArgv(flags), ['--import', './load.mjs'])
  })
})
