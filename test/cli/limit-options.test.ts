// Every limit in the configuration is one of the balancer's, and tells the default that the balancer has.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { membersOf } from '../../scripts/docs/interfaces.ts'
import { defaultLimits } from '../../src/balancer/limits.ts'
import { parseDuration } from '../../src/base/durations.ts'
import { limitOptionName, limitRules, type LimitRule } from '../../src/config/limit-options.ts'
import { parseSize } from '../../src/config/size.ts'

const path = fileURLToPath(new URL('../../src/config/limit-options.ts', import.meta.url))
const documented = new Map(membersOf(path, 'LimitOptions').map(({ name, text }) => [name, text]))

function read(kind: LimitRule['kind'], text: string): number | undefined {
  if (kind === 'duration') return parseDuration(text)
  return kind === 'size' ? parseSize(text) : Number(text)
}

for (const [name, { limit, kind, from, to }] of Object.entries(limitRules)) {
  test(`limit ${name} tells the default that the balancer has, within what is accepted`, () => {
    const stated = /Default (\S+)\.$/.exec(documented.get(name) ?? '')?.[1]
    assert.equal(stated === undefined ? undefined : read(kind, stated), defaultLimits[limit])
    assert.ok(defaultLimits[limit] >= from && defaultLimits[limit] <= to)
    assert.equal(limitOptionName(limit), name)
  })
}
