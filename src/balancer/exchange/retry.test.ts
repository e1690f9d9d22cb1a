import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideAttemptEnd, isRepeatable, type AttemptEnd, type BodyKind } from './retry.ts'

/**
 * R1, a cell for every state × body × method. `yes`: may be repeated. `key`: only under an enforced idempotency key.
 * `lost`: there is nothing to send again. `reset`: the client's stream is cut.
 */
const licences = `
state          body        GET    HEAD   OPTIONS  TRACE  PUT    DELETE  POST   PATCH  PROPFIND  get
not-sent       none        yes    yes    yes      yes    yes    yes     yes    yes    yes       yes
not-sent       replayable  yes    yes    yes      yes    yes    yes     yes    yes    yes       yes
not-sent       lost        lost   lost   lost     lost   lost   lost    lost   lost   lost      lost
not-processed  none        yes    yes    yes      yes    yes    yes     yes    yes    yes       yes
not-processed  replayable  yes    yes    yes      yes    yes    yes     yes    yes    yes       yes
not-processed  lost        lost   lost   lost     lost   lost   lost    lost   lost   lost      lost
sent           none        yes    yes    yes      yes    yes    yes     key    key    key       key
sent           replayable  yes    yes    yes      yes    yes    yes     key    key    key       key
sent           lost        lost   lost   lost     lost   lost   lost    lost   lost   lost      lost
responded      none        yes    yes    yes      yes    yes    yes     key    key    key       key
responded      replayable  yes    yes    yes      yes    yes    yes     key    key    key       key
responded      lost        lost   lost   lost     lost   lost   lost    lost   lost   lost      lost
passed         none        reset  reset  reset    reset  reset  reset   reset  reset  reset     reset
passed         replayable  reset  reset  reset    reset  reset  reset   reset  reset  reset     reset
passed         lost        reset  reset  reset    reset  reset  reset   reset  reset  reset     reset
`

/** What becomes of a repeat that R1 licenses. `free` costs no budget. */
const terms = `
attempts  death        budget     verdict
left      confirmed    available  free
left      confirmed    empty      free
left      unconfirmed  available  charged
left      unconfirmed  empty      wait
used-up   confirmed    available  refuse
used-up   confirmed    empty      refuse
used-up   unconfirmed  available  refuse
used-up   unconfirmed  empty      refuse
`

/** The cells of a table, each under its row's first words and its column's name. */
function readTable(text: string, keyColumns: number): Map<string, string> {
  const [names = [], ...lines] = text
    .trim()
    .split('\n')
    .map((line) => line.split(/ +/))
  const cells = new Map<string, string>()
  for (const line of lines) {
    assert.equal(line.length, names.length, line.join(' '))
    for (const [index, name] of names.entries()) {
      const key = [...line.slice(0, keyColumns), name].join(' ')
      if (index >= keyColumns) cells.set(key, line[index] ?? '')
    }
  }
  return cells
}

const licenceOf = readTable(licences, 2)
const verdictOf = readTable(terms, 3)
const methods = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'POST', 'PATCH', 'PROPFIND', 'get']
const bodies: BodyKind[] = ['none', 'replayable', 'lost']
const progresses = ['not-sent', 'sent', 'responded', 'passed'] as const
const booleans = [true, false]

/** Every combination of what the decision sees. */
function* everyEnd(): Generator<AttemptEnd> {
  for (const progress of progresses)
    for (const method of methods)
      for (const body of bodies)
        for (const notProcessed of booleans)
          for (const keyEnforced of booleans)
            for (const confirmed of booleans)
              for (const budget of ['available', 'empty'] as const)
                for (const attempts of [0, 1, 4, 5])
                  for (const clientGone of booleans)
                    yield {
                      progress,
                      method,
                      body,
                      notProcessed,
                      keyEnforced,
                      confirmed,
                      budget,
                      attempts,
                      maxAttempts: 5,
                      clientGone,
                    }
}

/** The row of `licences` for an attempt: the marker counts unless nothing was sent or the client has bytes. */
function stateOf({ progress, notProcessed }: AttemptEnd): string {
  const marked = notProcessed && (progress === 'sent' || progress === 'responded')
  return marked ? 'not-processed' : progress
}

function expected(end: AttemptEnd, used: Set<string>): string {
  if (end.clientGone) return 'reset'
  const licenceKey = `${stateOf(end)} ${end.body} ${end.method}`
  used.add(licenceKey)
  const licence = licenceOf.get(licenceKey)
  if (licence === 'reset') return 'reset'
  if (licence === 'lost' || (licence === 'key' && !end.keyEnforced)) return 'refuse'
  assert.ok(licence === 'yes' || licence === 'key', licenceKey)
  const attempts = end.attempts === 5 ? 'used-up' : 'left'
  const termsKey = `${attempts} ${end.confirmed ? 'confirmed' : 'unconfirmed'} ${end.budget} verdict`
  used.add(termsKey)
  return verdictOf.get(termsKey) ?? 'no such row'
}

function actual(end: AttemptEnd): string {
  const verdict = decideAttemptEnd(end)
  if (verdict.type === 'repeat') return verdict.charged ? 'charged' : 'free'
  return verdict.type
}

test('the tables of R1 have a cell for every state, body and method, and for every term of a repeat', () => {
  assert.equal(licenceOf.size, 5 * bodies.length * methods.length)
  assert.equal(verdictOf.size, 2 * 2 * 2)
})

test('decideAttemptEnd decides every combination as the tables of R1 say, and every cell is used', () => {
  const used = new Set<string>()
  let count = 0
  for (const end of everyEnd()) {
    assert.equal(actual(end), expected(end, used), JSON.stringify(end))
    count++
  }
  // Progress, method, body, marker, key, confirmed, budget, attempts, client gone.
  assert.equal(count, 4 * methods.length * 3 * 2 * 2 * 2 * 2 * 4 * 2)
  assert.equal(used.size, licenceOf.size + verdictOf.size)
})

const post: AttemptEnd = {
  progress: 'sent',
  notProcessed: false,
  method: 'POST',
  body: 'replayable',
  keyEnforced: false,
  confirmed: true,
  attempts: 1,
  maxAttempts: 5,
  budget: 'available',
  clientGone: false,
}

test('decideAttemptEnd says why it refuses', () => {
  const rows: [Partial<AttemptEnd>, string][] = [
    [{}, 'POST may have taken effect and has no enforced key'],
    [{ body: 'lost' }, 'POST may have taken effect and has no enforced key'],
    [{ body: 'lost', method: 'PUT' }, 'its body is no longer at hand'],
    [{ attempts: 5, method: 'GET', body: 'none' }, '5 attempts failed'],
  ]
  for (const [row, why] of rows) {
    assert.deepEqual(decideAttemptEnd({ ...post, ...row }), { type: 'refuse', why })
  }
})

test('isRepeatable knows the idempotent methods of RFC 9110, by their exact spelling', () => {
  const repeatable = methods.filter((method) => isRepeatable(method))
  assert.deepEqual(repeatable, ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
})
