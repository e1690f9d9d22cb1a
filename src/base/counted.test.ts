import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counted } from './counted.ts'

test('counted says one without an s', () => {
  assert.deepEqual(
    [counted(0, 'route'), counted(1, 'route'), counted(2, 'route')],
    ['0 routes', '1 route', '2 routes'],
  )
})
