import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { recordOf } from '../../test/balancer/support/record.ts'
import { Observers } from './observers.ts'

const idle = {
  parked: 0,
  clientConnections: 0,
  tunnels: 0,
  retryBudgetExhausted: 0,
  shed: 0,
  refused: new Map<number, number>(),
  instances: [],
}

/** Paths of what this process has open, where the system tells. */
function openFiles(): string[] {
  if (!existsSync('/proc/self/fd')) return []
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      // The one that listed them is closed by now.
      return []
    }
  })
}

test('of two logs named in quick succession the last one is written, and no other', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-observers-'))
  t.after(() => {
    rmSync(folder, { recursive: true })
  })
  const [first, last] = [join(folder, 'first.log'), join(folder, 'last.log')]
  const observers = new Observers(
    () => idle,
    (text) => {
      assert.fail(text)
    },
  )
  await Promise.all([
    observers.configure({ reveal: false, accessLog: first }),
    observers.configure({ reveal: false, accessLog: last }),
  ])
  observers.observe(recordOf())
  await observers.close()
  assert.equal(readFileSync(last, 'utf8').trim().split('\n').length, 1)
  if (readdirSync(folder).includes('first.log')) assert.equal(readFileSync(first, 'utf8'), '')
  assert.ok(!openFiles().includes(first), 'the first log is still open')
})
