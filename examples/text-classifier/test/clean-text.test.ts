import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanText } from '../lib/clean-text.js'

const CASES: ReadonlyArray<readonly [title: string, raw: string, cleaned: string]> = [
  ['leaves a plain sentence alone', 'Where is my parcel?', 'Where is my parcel?'],
  ['keeps capitals and marks, which carry the mood', 'I am VERY angry!!!', 'I am VERY angry!!!'],
  ['joins lines and collapses space', '  Hello,\r\n\r\nwhere is\tit?  ', 'Hello, where is it?'],
  [
    'drops markup and decodes entities',
    '<p>Tea &amp; biscuits,<br>it&#39;s &unknown;</p>',
    "Tea & biscuits, it's &unknown;",
  ],
  ['drops links', 'See https://shop.example/track?id=1 please', 'See please'],
  ['drops quoted lines', 'No, it is blue.\n> Is it green?\n>> Which colour?', 'No, it is blue.'],
  [
    'stops at the header of a reply',
    'Thanks!\nOn Mon, 2 Nov 2026, Shop <a@shop.example> wrote:\nDear Ms Lee',
    'Thanks!',
  ],
  ['stops at a signature', 'It broke.\n-- \nA. Lee\n+44 20 7946 0000', 'It broke.'],
  ['stops where a phone signs', 'It broke.\nSent from my phone', 'It broke.'],
  ['keeps less-than signs that are no markup', 'Is 3 < 4 and 5 > 4?', 'Is 3 < 4 and 5 > 4?'],
  ['keeps a message that is nothing but a quotation', '> Is it green?', '> Is it green?'],
]

for (const [title, raw, cleaned] of CASES) {
  test(title, () => {
    assert.equal(cleanText(raw), cleaned)
  })
}

test('composes accents, so that equal texts are equal', () => {
  assert.equal(cleanText('cafe\u0301'), 'caf\u00e9')
})
