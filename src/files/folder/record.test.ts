import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeRecord, encodeRecord } from './record.ts'

const record = { size: 3, contentType: 'text/plain; a="ü"', sha256: 'f'.repeat(64) }

test('decodeRecord: what stands behind the content', () => {
  const file = Buffer.concat([Buffer.from('abc'), encodeRecord(record)])
  assert.deepEqual(decodeRecord(file, file.length), record)
  assert.deepEqual(decodeRecord(file.subarray(-200), file.length), record)
})

test('decodeRecord: undefined for a file that was cut, continued, or is none of ours', () => {
  const file = Buffer.concat([Buffer.from('abc'), encodeRecord(record)])
  for (const other of [
    file.subarray(1),
    file.subarray(0, -1),
    Buffer.concat([file, Buffer.from('x')]),
    Buffer.alloc(0),
    Buffer.alloc(100),
  ]) {
    assert.equal(decodeRecord(other, other.length), undefined)
  }
  const wrongLength = Buffer.from(file)
  wrongLength.writeUInt32BE(0xffff, file.length - 12)
  assert.equal(decodeRecord(wrongLength, file.length), undefined)
  const notJson = Buffer.from(file)
  notJson.write('x', 3)
  assert.equal(decodeRecord(notJson, file.length), undefined)
})
