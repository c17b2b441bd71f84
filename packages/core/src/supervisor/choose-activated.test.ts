import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { chooseActivated, type PassedSocket, type WantedAddress } from './choose-activated.js'

const WANTED: WantedAddress = { shown: '0.0.0.0:3000', port: 'nowhere', host: 'nowhere', hostOption: 'host' }

function socket(fd: number, given: Partial<PassedSocket> = {}): PassedSocket {
  const shown = `0.0.0.0:${4000 + fd}`
  return { fd, name: 'app.socket', shown, unusable: undefined, samePort: false, sameHost: false, ...given }
}

function chosen(passed: readonly PassedSocket[], wanted: Partial<WantedAddress> = {}) {
  const choice = chooseActivated(passed, { ...WANTED, ...wanted })
  return 'refusal' in choice ? choice.refusal : [choice.socket.fd, ...choice.overrides]
}

describe('of one socket', () => {
  test('it is taken, whatever its name, where nobody asked for another address', () => {
    assert.deepEqual(chosen([socket(3)]), [3])
  })

  test('a flag or variable that contradicts it is refused', () => {
    assert.equal(chosen([socket(3)], { port: 'here' }), '--port says 0.0.0.0:3000')
    assert.equal(chosen([socket(3, { samePort: true })], { host: 'here', port: 'here' }), '--host says 0.0.0.0:3000')
    assert.equal(chosen([socket(3)], { host: 'here', port: 'here' }), '--port and --host says 0.0.0.0:3000')
  })

  test('a file or PORT that contradicts it is overruled', () => {
    assert.deepEqual(chosen([socket(3)], { port: 'elsewhere', host: 'elsewhere' }), [3, 'port', 'host'])
  })

  test('so is, or is overruled, what says the path of a Unix socket', () => {
    const unix = { shown: '/run/app.sock', hostOption: 'uds' } as const
    assert.equal(chosen([socket(3)], { ...unix, host: 'here' }), '--uds says /run/app.sock')
    assert.deepEqual(chosen([socket(3)], { ...unix, host: 'elsewhere' }), [3, 'uds'])
    assert.deepEqual(chosen([socket(3, { samePort: true, sameHost: true })], { ...unix, host: 'here' }), [3])
  })

  test('a flag that says the same is fine', () => {
    assert.deepEqual(chosen([socket(3, { samePort: true, sameHost: true })], { port: 'here', host: 'here' }), [3])
  })

  test('one on which nobody can accept is refused', () => {
    assert.equal(chosen([socket(3, { unusable: 'is connected' })]), 'descriptor 3 is connected')
  })
})

describe('of several sockets', () => {
  test('the one named http or ekiben is taken', () => {
    assert.deepEqual(chosen([socket(3), socket(4, { name: 'http' })]), [4])
    assert.deepEqual(chosen([socket(3, { name: 'ekiben' }), socket(4)]), [3])
  })

  test('without a name, the one at the wanted port; at the wanted host too, if one was given', () => {
    assert.deepEqual(chosen([socket(3), socket(4, { samePort: true })]), [4])
    const two = [socket(3, { samePort: true }), socket(4, { samePort: true, sameHost: true })]
    assert.deepEqual(chosen(two, { host: 'here' }), [4])
  })

  test('two of the name are told apart by the address', () => {
    const two = [socket(3, { name: 'http' }), socket(4, { name: 'http', samePort: true })]
    assert.deepEqual(chosen(two), [4])
  })

  test('none is guessed', () => {
    assert.equal(chosen([socket(3), socket(4)]), 'none is named http or ekiben, and none of them is 0.0.0.0:3000')
    const twice = [socket(3, { samePort: true }), socket(4, { samePort: true })]
    assert.equal(chosen(twice), 'none is named http or ekiben, and more than one of them is 0.0.0.0:3000')
    const named = [socket(3, { name: 'http' }), socket(4, { name: 'ekiben' }), socket(5, { samePort: true })]
    assert.equal(chosen(named), 'more than one is named http or ekiben, and none of them is 0.0.0.0:3000')
  })

  test('those on which nobody can accept are passed over', () => {
    const two = [socket(3, { name: 'http', unusable: 'is a datagram socket' }), socket(4, { samePort: true })]
    assert.deepEqual(chosen(two), [4])
  })
})

test('of none, none is taken', () => {
  assert.equal(chosen([]), 'there is none')
})
