import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAddress } from './address.ts'

const open = { isTls: false, username: undefined, password: undefined, database: 0 }

test('readAddress: one server keeps its URL as it is', () => {
  for (const url of ['redis://localhost', 'rediss://me:secret@redis.internal:7000/3']) {
    assert.deepEqual(readAddress(url), { kind: 'single', url })
  }
})

test('readAddress: Sentinels, the name of their primary, credentials and database', () => {
  assert.deepEqual(readAddress('redis-sentinel://a:1,b,[::1]:3/herd'), {
    kind: 'sentinel',
    sentinels: [
      { host: 'a', port: 1 },
      { host: 'b', port: 26_379 },
      { host: '::1', port: 3 },
    ],
    primaryName: 'herd',
    access: open,
  })
  assert.deepEqual(readAddress('rediss-sentinel://me:p%40ss%2F@a:1/the%20herd/5'), {
    kind: 'sentinel',
    sentinels: [{ host: 'a', port: 1 }],
    primaryName: 'the herd',
    access: { isTls: true, username: 'me', password: 'p@ss/', database: 5 },
  })
})

test('readAddress: the nodes of a Cluster; a password alone is that of the default user', () => {
  assert.deepEqual(readAddress('redis-cluster://:secret@a:1,b'), {
    kind: 'cluster',
    nodes: [
      { host: 'a', port: 1 },
      { host: 'b', port: 6_379 },
    ],
    access: { ...open, password: 'secret' },
  })
  assert.deepEqual(readAddress('rediss-cluster://a/'), {
    kind: 'cluster',
    nodes: [{ host: 'a', port: 6_379 }],
    access: { ...open, isTls: true },
  })
})

test('readAddress: refuses what is malformed, says what was wanted and shows nothing of it', () => {
  for (const [url, wanted] of [
    ['secret', /wanted redis:/],
    ['http://me:secret@localhost', /got protocol "http:"/],
    ['redis-sentinel://me:secret@a:1,b:2', /primary's name/],
    ['redis-sentinel://me:secret@a:1/herd/secret', /primary's name/],
    ['redis-sentinel://me:secret@a:1/herd?secret', /hosts and a path only/],
    ['redis-sentinel://me:secret@a:1,,b:2/herd', /none as host number 2/],
    ['redis-sentinel://me:secret@/herd', /none as host number 1/],
    ['redis-sentinel://me:%secret@a/herd', /percent-encoded/],
    ['redis-cluster://me:secret@a:secret', /none as host number 1/],
    ['redis-cluster://me:secret@a:99999', /none as host number 1/],
    ['redis-cluster://me:secret@a:1/2', /without a database/],
  ] as const) {
    assert.throws(
      () => readAddress(url),
      (error: Error) => {
        assert.match(error.message, wanted)
        assert.ok(!error.message.includes('secret'))
        return 'code' in error && error.code === 'OPTION_INVALID'
      },
      url,
    )
  }
})
