import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { waitUntil } from '../../../../../../test/helpers/wait-until.js'
import { PortSocket } from './port-socket.js'

const MEBIBYTE = 1024 * 1024

function connect(): [PortSocket, PortSocket] {
  const { port1, port2 } = new MessageChannel()
  return [new PortSocket(port1), new PortSocket(port2)]
}

describe('PortSocket', () => {
  it('carries bytes both ways, what is written at once in one piece', async () => {
    const [left, right] = connect()
    left.cork()
    left.write(Buffer.from('one '))
    left.write(Buffer.from('two'))
    left.uncork()
    assert.equal(String((await once(right, 'data'))[0]), 'one two')
    right.write(Buffer.from('three'))
    assert.equal(String((await once(left, 'data'))[0]), 'three')
    left.destroy()
  })

  it('leaves the sender what it has sent, and gives the reader memory of its own', async () => {
    const [left, right] = connect()
    const sent = new Uint8Array(1_000_000).fill(7)
    left.write(sent)
    const [received] = (await once(right, 'data')) as [Buffer]
    assert.equal(received.length, 1_000_000)
    assert.equal(received.buffer.byteLength, 1_000_000)
    received.fill(1)
    assert.ok(sent.every((byte) => byte === 7))
    left.destroy()
  })

  it('gives its own copy away and does not have it copied once more', async (t) => {
    const { port1 } = new MessageChannel()
    const post = t.mock.method(port1, 'postMessage')
    const socket = new PortSocket(port1)
    socket.write(new Uint8Array(1_000_000))
    const [word] = post.mock.calls[0]?.arguments ?? []
    // What has been given away has no bytes left.
    assert.ok(word instanceof ArrayBuffer && word.byteLength === 0, String(word))
    socket.destroy()
  })

  it('ends after what was written, and then closes on both sides', async () => {
    const [left, right] = connect()
    const pieces: Buffer[] = []
    right.on('data', (piece: Buffer) => pieces.push(piece))
    left.resume().end(Buffer.from('last'))
    await Promise.all([once(right, 'end'), once(left, 'close'), once(right, 'close')])
    assert.equal(Buffer.concat(pieces).toString(), 'last')
  })

  it('closes when the other side is destroyed, as when its thread ends', async () => {
    const [left, right] = connect()
    left.destroy()
    await once(right, 'close')
    assert.ok(right.destroyed)
  })

  it('is full when the other side leaves much unread, until that has read it', async () => {
    const [left, right] = connect()
    let arrived = 0
    right.on('data', (piece: Buffer) => {
      arrived += piece.length
    })
    right.pause()
    for (let written = 0; written < 32; written++) left.write(Buffer.alloc(MEBIBYTE))
    // Whatever it says of what has come, it says before this.
    right.write('it has come')
    await once(left, 'data')
    assert.deepEqual([left.isFull, arrived], [true, 0])
    right.resume()
    const becomesFree = new Promise<void>((resolve) => {
      // A stream says it by itself too, of what waits in it.
      left.on('drain', () => left.isFull || resolve())
    })
    await becomesFree
    await waitUntil(() => arrived === 32 * MEBIBYTE)
    left.destroy()
  })

  it('is not full however much the other side has read', async () => {
    const [left, right] = connect()
    right.on('data', () => right.write('read'))
    for (let written = 0; written < 32; written++) {
      left.write(Buffer.alloc(MEBIBYTE))
      await once(left, 'data')
    }
    assert.equal(left.isFull, false)
    left.destroy()
  })
})
