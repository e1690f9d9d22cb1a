import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { VersionHistory, type VersionRecord } from './version-history.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'drover-history-'))
  t.after(() => {
    rmSync(path, { recursive: true, force: true })
  })
  return path
}

function open(stateDir: string): { readonly history: VersionHistory; readonly log: readonly string[] } {
  const log: string[] = []
  const history = new VersionHistory(stateDir, {
    log: (line) => log.push(line),
    requireFolder: () => undefined,
  })
  history.read()
  return { history, log }
}

function running(number: number, label = 'a'): VersionRecord {
  return {
    number,
    label,
    isLabelRead: true,
    command: ['node', 'server.ts'],
    cwd: '/app',
    env: { TOKEN: 'secret' },
    configuration: 'x',
    startedAtMs: number,
    endedAtMs: null,
    outcome: 'running',
    reason: null,
  }
}

function ran(history: VersionHistory, outcome: VersionRecord['outcome'] = 'done'): void {
  const number = history.nextNumber
  history.add(running(number))
  history.end(number, { endedAtMs: number, outcome, reason: outcome === 'done' ? null : 'why' })
}

test('VersionHistory outlives the run that wrote it, readable by its owner alone', (t) => {
  const stateDir = folder(t)
  const first = open(stateDir)
  assert.equal(first.history.nextNumber, 1)
  ran(first.history)
  ran(first.history)
  ran(first.history, 'failed')
  assert.equal(statSync(join(stateDir, 'history.json')).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(stateDir), ['history.json'])
  const { history, log } = open(stateDir)
  assert.deepEqual(history.entries, first.history.entries)
  assert.equal(history.current?.number, 2)
  assert.equal(history.nextNumber, 4)
  assert.deepEqual(log, [])
})

test('VersionHistory calls a deploy interrupted that was running when its primary was killed', (t) => {
  const stateDir = folder(t)
  const { history } = open(stateDir)
  ran(history)
  history.add(running(2, 'b'))
  const next = open(stateDir).history
  assert.deepEqual(
    next.interrupt(99, 'killed').map(({ label }) => label),
    ['b'],
  )
  assert.equal(next.current?.number, 1)
  const { outcome, endedAtMs, reason } = open(stateDir).history.entries[1] ?? running(0)
  assert.deepEqual([outcome, endedAtMs, reason], ['interrupted', 99, 'killed'])
  assert.deepEqual(next.interrupt(99, 'killed'), [])
})

test('VersionHistory keeps 50 entries, and the current one however old it is', (t) => {
  const { history } = open(folder(t))
  ran(history)
  for (let count = 0; count < 60; count += 1) ran(history, 'failed')
  assert.equal(history.entries.length, 50)
  assert.equal(history.current?.number, 1)
  assert.equal(history.entries.at(-1)?.number, 61)
  assert.equal(history.nextNumber, 62)
})

for (const [what, content] of [
  ['is no JSON', '{"current":1,"entries":[{"env":{"TOKEN":"secret"'],
  ['is something else', '{"current":"secret","entries":[]}'],
  ['has an entry that cannot be run', '{"current":1,"entries":[{"number":1,"env":{"TOKEN":"secret"}}]}'],
] as const) {
  test(`VersionHistory begins anew where the file ${what}, keeps it, and tells nothing of what is in it`, (t) => {
    const stateDir = folder(t)
    const path = join(stateDir, 'history.json')
    writeFileSync(path, content)
    const { history, log } = open(stateDir)
    assert.deepEqual(history.entries, [])
    assert.deepEqual(log, [
      `Cannot read the history ${path}: it is damaged; it begins anew, and it is kept as ${path}.damaged`,
    ])
    assert.equal(readFileSync(`${path}.damaged`, 'utf8'), content)
    ran(history)
    assert.equal(open(stateDir).history.current?.number, 1)
  })
}

test('VersionHistory goes on in memory where the file cannot be written', (t) => {
  const { history, log } = open(join(folder(t), 'absent'))
  ran(history)
  assert.equal(history.current?.number, 1)
  assert.equal(log.length, 2)
  assert.match(log[0] ?? '', /^Cannot write the history .*: ENOENT/)
})
