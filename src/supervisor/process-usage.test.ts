import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coresUsed, parseProcUsage, parsePsUsage, readGroupUsage, rssOf } from './process-usage.ts'
import { readProcess } from './process-table.ts'
import type { ProcessUsage } from './process-usage.ts'

const units = { ticksPerSecond: 100, pageBytes: 4_096 }

/** A line of /proc/PID/stat: parent 1, group 40, 250 ticks as user and 50 in the kernel, start time 777, 1000 pages. */
function statLine(name: string, state = 'S'): string {
  return `42 (${name}) ${state} 1 40 40 0 -1 0 0 0 0 0 250 50 7 7 20 0 1 0 777 999999 1000 18446744073709551615 0\n`
}

test('parseProcUsage reads memory and time past any process name', () => {
  for (const name of ['node', 'a) S 9 9 (b']) {
    const read = parseProcUsage(statLine(name), units)
    assert.deepEqual(read, { pid: 42, groupId: 40, startTime: ':777', rssBytes: 4_096_000, cpuMs: 3_000 })
  }
})

test('parseProcUsage leaves out zombies and what is no whole line', () => {
  assert.equal(parseProcUsage(statLine('node', 'Z'), units), undefined)
  for (const text of ['', '42 (node', statLine('node').split(' 999999')[0] ?? '']) {
    assert.equal(parseProcUsage(text, units), undefined)
  }
})

test('parsePsUsage reads the columns of macOS, and hours and days', () => {
  const rest = '  2048 Sat Nov  3 09:05:01 2024    '
  assert.deepEqual(parsePsUsage(`  501   500   1:02.50${rest}`), {
    pid: 501,
    groupId: 500,
    startTime: 'Sat Nov 3 09:05:01 2024',
    rssBytes: 2_097_152,
    cpuMs: 62_500,
  })
  assert.equal(parsePsUsage(`1 1 75:00.00${rest}`)?.cpuMs, 75 * 60_000)
  assert.equal(parsePsUsage(`1 1 02:00:01${rest}`)?.cpuMs, 7_201_000)
  assert.equal(parsePsUsage(`1 1 1-02:00:01${rest}`)?.cpuMs, 86_400_000 + 7_201_000)
  for (const line of ['', 'PID PGID TIME RSS STARTED', `1 1 x${rest}`])
    assert.equal(parsePsUsage(line), undefined)
})

function usage(pid: number, cpuMs: number, startTime = 'a'): ProcessUsage {
  return { pid, groupId: 1, startTime, rssBytes: 10, cpuMs }
}

test('coresUsed adds up what each process used since the last look', () => {
  assert.equal(coresUsed([usage(1, 1_000), usage(2, 500)], [usage(1, 2_000), usage(2, 1_500)], 1_000), 2)
  assert.equal(rssOf([usage(1, 0), usage(2, 0)]), 20)
})

test('coresUsed counts a new process whole, also one with the pid of another, and leaves out one that ended', () => {
  assert.equal(coresUsed([usage(1, 5_000), usage(2, 900)], [usage(1, 100, 'b')], 1_000), 0.1)
  assert.equal(coresUsed([], [usage(1, 300)], 1_000), 0.3)
  assert.equal(coresUsed([], [usage(1, 300)], 0), undefined)
})

test('readGroupUsage finds this very process by its group, and nothing where there is none', async () => {
  const own = [...(await readGroupUsage(new Set(await ownGroup()))).values()].flat()
  const self = own.find(({ pid }) => pid === process.pid)
  assert.ok(self !== undefined && self.cpuMs > 0, 'this process is among them')
  assert.ok(self.rssBytes > 10e6, `${self.rssBytes} bytes`)
  assert.equal((await readGroupUsage(new Set())).size, 0)
  assert.equal((await readGroupUsage(new Set([2 ** 30]))).size, 0)
})

async function ownGroup(): Promise<number[]> {
  const entry = await readProcess(process.pid)
  return entry === undefined ? [] : [entry.groupId]
}
