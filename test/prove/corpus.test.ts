// `drover prove` on the specimens: every verdict right, and of those it convicts the kind, and where it is Node the line. One of each sort
// each time; DROVER_CORPUS=all takes all of them, which lasts long, DROVER_CORPUS=word those whose name has the word.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { prove } from '../../src/prove/prove.ts'
import { listCorpus, type Specimen } from './corpus/corpus.ts'
import { openOutsideStore, type OutsideStore } from './corpus/outside-store.ts'
import { proveCorpus } from './corpus/prove-corpus.ts'
import { table } from './corpus/score.ts'

const wanted = process.env['DROVER_CORPUS']
const usual: ReadonlySet<string> = new Set(['module-state/visits', 'stateless/visits', 'traps/memo'])

function chosen(): readonly Specimen[] {
  const all = listCorpus()
  if (wanted === undefined) return all.filter(({ name }) => usual.has(name))
  return all.filter(({ name }) => wanted === 'all' || name.includes(wanted))
}

let store: OutsideStore
before(async () => {
  store = await openOutsideStore()
})
after(() => {
  store.close()
})

it('the specimens are judged rightly', async (context) => {
  const scores = await proveCorpus(chosen(), {
    prove,
    store,
    concurrency: 2,
    seed: 1,
    schedules: 2,
    timeoutMs: 120_000,
    signal: context.signal,
  })
  for (const line of table(scores)) context.diagnostic(line)
  const wrong = scores.filter(
    ({ isVerdictRight, isKindRight, isLineRight }) =>
      !isVerdictRight || isKindRight === false || isLineRight === false,
  )
  assert.deepEqual(wrong, [])
})
