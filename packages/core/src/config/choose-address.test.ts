import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseAddress } from './choose-address.js'
import { SettingEntries } from './setting-entries.js'

const DEFAULTS = { port: [3000, 'default'], host: ['0.0.0.0', 'default'], udsMode: ['660', 'default'] } as const

function chosen(given: Readonly<Record<string, readonly [value: unknown, source: string]>>): string | undefined {
  const entries = new SettingEntries()
  for (const [key, [value, source]] of Object.entries({ ...DEFAULTS, ...given })) {
    entries.put({ path: [key], value, source })
  }
  return chooseAddress(entries)
}

describe('chooseAddress', () => {
  it('has no Unix socket where none is given', () => {
    assert.equal(chosen({}), undefined)
    assert.equal(chosen({ port: [1, 'flag --port'] }), undefined)
  })

  it('takes one over the defaults, over PORT, and over what a weaker place says', () => {
    assert.equal(chosen({ uds: ['/s', 'file x'] }), '/s')
    assert.equal(chosen({ uds: ['/s', 'file x'], port: [1, 'variable PORT'] }), '/s')
    assert.equal(chosen({ uds: ['/s', 'flag --uds'], host: ['::', 'variable EKIBEN_HOST'], port: [1, 'file x'] }), '/s')
  })

  it('leaves one to a port or host from a stronger place', () => {
    assert.equal(chosen({ uds: ['/s', 'file x'], port: [1, 'flag --port'] }), undefined)
    assert.equal(chosen({ uds: ['/s', 'options in code'], host: ['::', 'variable EKIBEN_HOST'] }), undefined)
    // Of which it may be the mode elsewhere.
    const mode = { udsMode: ['600', 'file x'] } as const
    assert.equal(chosen({ uds: ['/s', 'file x'], port: [1, 'flag --port'], ...mode }), undefined)
  })

  it('refuses both in one place, and a mode without a socket', () => {
    const both = { code: 'EKB_ERR_CONFIG_INVALID', message: /no port beside it \(options in code\)/ }
    assert.throws(() => chosen({ uds: ['/s', 'options in code'], port: [1, 'options in code'] }), both)
    assert.throws(() => chosen({ uds: ['/s', 'flag --uds'], host: ['::', 'flag --host'] }), /no host beside it/)
    assert.throws(() => chosen({ udsMode: ['600', 'file x'] }), /uds beside it: the path of the socket/)
    const mode = { uds: ['/s', 'file x'], port: [1, 'flag --port'], udsMode: ['600', 'flag --uds-mode'] } as const
    assert.throws(() => chosen(mode), /no port beside it \(flag --port\), which is listened on in place of uds/)
  })
})
