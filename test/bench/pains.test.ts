// The pains suite, run once: what is known to go wrong elsewhere is seen to, with the peers at work on a real Redis, and
// nothing of it is seen of Drover.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { benchRuns } from './bench-run.ts'

interface Finding {
  readonly pain: string
  readonly library: string
  readonly verdict: string
  readonly seen: string
}

const bench = benchRuns()
const peers = ['express-session', '@fastify/session', 'iron-session', 'cookie-session']
const ours = ['Drover', 'Drover, near cache']
const pains = 14

let findings: readonly Finding[] = []
let output = ''

before(async () => {
  const run = await bench.rows('pains')
  findings = run.rows as readonly Finding[]
  output = run.output
})

function verdicts(pain: RegExp): Readonly<Record<string, string>> {
  const found = findings.filter((finding) => pain.test(finding.pain))
  assert.equal(found.length, peers.length + ours.length, `one finding for each library of ${String(pain)}`)
  return Object.fromEntries(found.map(({ library, verdict }) => [library, verdict]))
}

describe('npm run bench -- pains', () => {
  test('tries every pain on every library and prints what was seen', () => {
    assert.equal(findings.length, pains * (peers.length + ours.length))
    assert.deepEqual(new Set(findings.map(({ library }) => library)), new Set([...peers, ...ours]))
    for (const { library, verdict, seen } of findings) {
      assert.ok(seen !== '' && output.includes(seen), seen)
      assert.ok(['suffers', 'free of it', 'does not apply'].includes(verdict))
      // Nothing is spared ours.
      if (ours.includes(library)) assert.notEqual(verdict, 'does not apply')
    }
  })

  for (const [pain, sufferers] of [
    [/^1 concurrent requests/, peers],
    [/^2 .*request that writes/, peers],
    [/^2 .*request that only reads/, ['@fastify/session']],
    [/^3 the response leaves before the save/, ['express-session']],
    [/^4 .*readers wait/, ['express-session', '@fastify/session']],
    [/^4 a login .* with nothing stored/, ['express-session']],
    [/^5 a write for each request/, ['express-session', '@fastify/session']],
    [/^6 "revoke all" misses/, ['express-session', '@fastify/session']],
    [/^7 cached or sealed/, ['iron-session', 'cookie-session']],
    [/^9 the cookie grows/, ['iron-session', 'cookie-session']],
    [/^12 behind a TLS-terminating proxy/, ['express-session', '@fastify/session', 'cookie-session']],
    [/^12 sockets keep dead sessions/, peers],
    [/^12 without a store/, ['express-session', '@fastify/session']],
  ] as const) {
    test(`${pain.source.slice(1)}: seen of ${sufferers.join(', ')}, and of nothing of ours`, () => {
      const found = verdicts(pain)
      const suffering = Object.keys(found).filter((library) => found[library] === 'suffers')
      assert.deepEqual(
        suffering,
        [...sufferers],
        JSON.stringify(findings.filter((one) => pain.test(one.pain))),
      )
      for (const library of ours) assert.equal(found[library], 'free of it')
    })
  }

  test('a new id on a Redis Cluster: refused to nobody, since none of them renames keys', () => {
    const found = verdicts(/^11 /)
    assert.deepEqual(
      Object.values(found).filter((verdict) => verdict === 'suffers'),
      [],
    )
    for (const library of ours) assert.equal(found[library], 'free of it')
  })
})
