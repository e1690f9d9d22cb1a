import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProcStat, parsePsLine } from './process-table.ts'

/** A line of /proc/PID/stat with this name; state S, parent 1, group 40, start time 777. */
function statLine(name: string, state = 'S'): string {
  const zeros = Array.from({ length: 16 }, () => '0').join(' ')
  return `42 (${name}) ${state} 1 40 ${zeros} 777 1000 200\n`
}

for (const name of ['node', 'tmux: server', 'a) S 9 9 (b', ')', '', '(((']) {
  test(`parseProcStat reads past the process name ${JSON.stringify(name)}`, () => {
    const entry = parseProcStat(statLine(name), 'boot')
    assert.deepEqual(entry, { pid: 42, groupId: 40, startTime: 'boot:777', isZombie: false })
  })
}

test('parseProcStat knows a zombie', () => {
  assert.equal(parseProcStat(statLine('node', 'Z'), '')?.isZombie, true)
})

test('parseProcStat refuses a cut or empty line', () => {
  for (const text of ['', '42 (node', '42 (node) S 1 40 0']) assert.equal(parseProcStat(text, ''), undefined)
})

test('parsePsLine reads the columns of macOS', () => {
  assert.deepEqual(parsePsLine('  501   500 Ss+  Sat Nov  3 09:05:01 2024    '), {
    pid: 501,
    groupId: 500,
    startTime: 'Sat Nov 3 09:05:01 2024',
    isZombie: false,
  })
})

test('parsePsLine knows a zombie and refuses other lines', () => {
  assert.equal(parsePsLine('1 1 Z Sat Nov 23 09:05:01 2024')?.isZombie, true)
  for (const line of ['', 'PID PGID STAT STARTED', '12 12 S']) assert.equal(parsePsLine(line), undefined)
})
