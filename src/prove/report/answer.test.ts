import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observation } from '../../../test/prove/sample-proof.ts'
import { answerLines, indentJson } from './answer.ts'

const json = observation(0, 1, 200, '{"a":[1,{"b":"x, [y]: \\"z\\""}],"c":{},"d":[ ],"e":9007199254740993}')

test('JSON is laid out line by line, with its digits and strings as they came', () => {
  assert.deepEqual(answerLines(json), [
    '200',
    'content-type: application/json',
    '',
    '{',
    '  "a": [',
    '    1,',
    '    {',
    '      "b": "x, [y]: \\"z\\""',
    '    }',
    '  ],',
    '  "c": {},',
    '  "d": [],',
    '  "e": 9007199254740993',
    '}',
  ])
})

test('half a JSON text, or nesting without end, is no trouble', () => {
  assert.equal(indentJson('{"a":"unfin'), '{\n  "a": "unfin')
  assert.equal(indentJson(']'), '\n]')
  assert.ok(indentJson('['.repeat(5_000)).length < 500_000)
})

test('HTML is one element a line, other text as it is, and bytes are named by their digest', () => {
  const of = (type: string, body: string | Uint8Array) => {
    const lines = answerLines({ ...json, headers: { 'content-type': [type] }, body: Buffer.from(body) })
    return lines.slice(3)
  }
  assert.deepEqual(of('text/html', '<p>a</p> <p>b</p>'), ['<p>a</p>', '<p>b</p>'])
  assert.deepEqual(of('text/plain', '<p>a</p> <p>b</p>\r\nc'), ['<p>a</p> <p>b</p>', 'c'])
  assert.deepEqual(of('image/png', new Uint8Array([1, 0, 2])), ['(3 bytes, SHA-256 begins 16305a6b2292e931)'])
})

test('an answer that never came says why; messages of a WebSocket stand line by line', () => {
  assert.deepEqual(answerLines({ ...json, status: 0, error: 'ECONNRESET' }), ['no answer: ECONNRESET'])
  const talk = { ...json, status: 0, headers: {}, body: Buffer.alloc(0), messages: ['one', 'two'] }
  assert.deepEqual(answerLines(talk), ['◂ one', '◂ two'])
})
