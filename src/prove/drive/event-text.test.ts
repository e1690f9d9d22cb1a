import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventText } from './event-text.ts'

test('an event is its name and its data, whatever its pieces and line breaks; comments, ids and what is not whole yet are none', () => {
  const events = new EventText('text/event-stream; charset=utf-8')
  assert.deepEqual(events.add(': hello\n\nretry: 10\n\nid: 7\nda'), [])
  assert.deepEqual(events.add('ta: one\r\ndata:two\r'), [])
  assert.deepEqual(events.add('\n\r\nevent: joined\ndata: {"name":"ann"}\n\ndata: half'), [
    'one\ntwo',
    'joined {"name":"ann"}',
  ])
  assert.deepEqual(events.add('\n\n'), ['half'])
})

test('a line of JSON is one', () => {
  const events = new EventText('application/x-ndjson')
  assert.deepEqual(events.add('{"a":1}\n\n{"b"'), ['{"a":1}'])
  assert.deepEqual(events.add(':2}\n'), ['{"b":2}'])
})
