import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlotMap, readRedirection } from './slot-map.ts'

const asked = { host: 'asked', port: 1 }

test('SlotMap: owners by range, a node without a name is the one that was asked, a gap belongs to nobody', () => {
  const map = new SlotMap(
    [
      [0, 99, ['a', 7000, 'id'], ['b', 7001, 'id']],
      [200, 16_383, ['', 7002, 'id'], [null, 7003, 'id']],
    ],
    asked,
  )
  assert.deepEqual(map.ownerOf(99), { host: 'a', port: 7000 })
  assert.equal(map.ownerOf(100), undefined)
  assert.deepEqual(map.ownerOf(16_383), { host: 'asked', port: 7002 })
  assert.deepEqual([...map.primaries], ['a:7000', 'asked:7002'])
  assert.deepEqual([...map.nodes.keys()], ['a:7000', 'asked:7002', 'b:7001', 'asked:7003'])
  map.move(99, { host: 'c', port: 7004 })
  assert.deepEqual(map.ownerOf(99), { host: 'c', port: 7004 })
})

test('SlotMap: a malformed reply throws', () => {
  assert.throws(() => new SlotMap('text', asked), /no list/)
  assert.throws(() => new SlotMap([[0, 1]], asked), /nobody owns/)
})

test('readRedirection: MOVED and ASK, IPv6, the node that answered; other errors are none', () => {
  const moved = { kind: 'moved', slot: 12, node: { host: 'a', port: 7000 } }
  assert.deepEqual(readRedirection('MOVED 12 a:7000', asked), moved)
  assert.deepEqual(readRedirection('ASK 12 ::1:7000', asked), {
    ...moved,
    kind: 'ask',
    node: { host: '::1', port: 7000 },
  })
  assert.deepEqual(readRedirection('MOVED 12 :7000', asked)?.node, { host: 'asked', port: 7000 })
  for (const other of ['ERR MOVED', 'CLUSTERDOWN Hash slot not served', 'WRONGTYPE MOVED 1 a:1']) {
    assert.equal(readRedirection(other, asked), undefined, other)
  }
})
