import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EventParser } from './parse-events.js'

function parse(text: string) {
  const parser = new EventParser()
  return text
    .split('\n')
    .map((line) => parser.push(line))
    .filter((event) => event !== undefined)
}

describe('EventParser', () => {
  const cases: [string, string, ReturnType<typeof parse>][] = [
    ['data alone', 'data: a\n\n', [{ event: 'message', data: 'a', id: undefined }]],
    ['no space after the colon', 'data:a\n\n', [{ event: 'message', data: 'a', id: undefined }]],
    ['one space is taken off', 'data:  a\n\n', [{ event: 'message', data: ' a', id: undefined }]],
    ['several lines of data', 'data: a\ndata\ndata: b\n\n', [{ event: 'message', data: 'a\n\nb', id: undefined }]],
    ['event and id', 'id: 3\nevent: error\ndata: {}\n\n', [{ event: 'error', data: '{}', id: '3' }]],
    [
      'an id stays, an event does not',
      'id: 3\nevent: x\ndata: a\n\ndata: b\n\n',
      [
        { event: 'x', data: 'a', id: '3' },
        { event: 'message', data: 'b', id: '3' },
      ],
    ],
    ['comments and unknown fields', ': ping\nretry: 5\nfoo: bar\n\n', []],
    ['an event without data', 'event: ping\n\n', []],
    ['one that breaks off', 'data: a\n\ndata: b', [{ event: 'message', data: 'a', id: undefined }]],
  ]
  for (const [name, text, events] of cases) it(name, () => assert.deepEqual(parse(text), events))
})
