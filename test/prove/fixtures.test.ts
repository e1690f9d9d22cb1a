// The specimens are what they say: a stateful one keeps its promises alone and breaks one with others, a twin and a trap keep all of them.
// Judged without `drover prove`. Not all of them run each time: DROVER_CORPUS=all has them all run.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { kinds } from '../../src/prove/finding.ts'
import { listCorpus, type Specimen } from './corpus/corpus.ts'
import { openOutsideStore, type OutsideStore } from './corpus/outside-store.ts'
import { unmetBy } from './corpus/plain-run.ts'

const all = listCorpus()
const stateful = all.filter(({ verdict }) => verdict === 'stateful')
const twins = all.filter(({ twinOf }) => twinOf !== undefined)
const traps = all.filter(({ name }) => name.startsWith('traps/'))

/** The first of each kind and its twin, and some traps. */
function sample(): readonly Specimen[] {
  if (process.env['DROVER_CORPUS'] === 'all') return all
  const firsts = kinds.flatMap((kind) => stateful.find((one) => one.kinds[0] === kind) ?? [])
  const ofFirsts = twins.filter(({ twinOf }) => firsts.some(({ name }) => name === twinOf))
  return [...firsts, ...ofFirsts.filter((_, index) => index % 2 === 0), ...traps.slice(0, 2)]
}

describe('the specimens as a whole', () => {
  it('show every kind of state at least twice', () => {
    const wanted = kinds.filter((kind) => kind !== 'unexplained')
    const rare = wanted.filter((kind) => stateful.filter((one) => one.kinds[0] === kind).length < 2)
    assert.deepEqual(rare, [])
    assert.ok(stateful.length >= 30 && traps.length >= 15, `${stateful.length} and ${traps.length}`)
  })

  it('have one stateless twin for each stateful one', () => {
    const alone = stateful.filter(({ name }) => twins.filter(({ twinOf }) => twinOf === name).length !== 1)
    assert.deepEqual(alone, [])
    assert.equal(twins.length, stateful.length)
  })

  it('mark the lines of their state, and stateless ones none', () => {
    const unmarked = stateful.filter(({ lines }) => lines.length === 0)
    const marked = all.filter(({ verdict, lines }) => verdict !== 'stateful' && lines.length > 0)
    assert.deepEqual([...unmarked, ...marked], [])
  })

  it('mark lines that have code', async () => {
    for (const { folder, lines } of stateful) {
      for (const { file, line } of lines) {
        const text = (await readFile(join(folder, file), 'utf8')).split('\n')[line - 1] ?? ''
        assert.match(text.replace(/(?:\/\/|#) state:.*/, ''), /\w/, `${folder}/${file}:${line}`)
      }
    }
  })
})

describe('a specimen', { concurrency: 3 }, () => {
  let store: OutsideStore
  let scratch = ''
  let runs = 0
  before(async () => {
    store = await openOutsideStore()
    scratch = await mkdtemp(join(tmpdir(), 'drover-specimens-'))
  })
  after(async () => {
    store.close()
    await rm(scratch, { recursive: true })
  })
  const unmet = (specimen: Specimen, how: 'alone' | 'in-turn' | 'restarted') => {
    runs += 1
    return unmetBy(specimen, how, {
      scratch: join(scratch, `run-${runs}`),
      store: store.database(`run-${runs}`),
    })
  }

  for (const specimen of sample())
    if (specimen.verdict === 'stateful')
      it(`${specimen.name} keeps its promises alone, and not with others`, async () => {
        assert.deepEqual(await unmet(specimen, 'alone'), [])
        const how = specimen.differs.includes('private-disk') ? 'in-turn' : 'restarted'
        assert.notDeepEqual(await unmet(specimen, how), [])
      })
    else
      it(`${specimen.name} keeps its promises with others`, async () => {
        assert.deepEqual(await unmet(specimen, 'in-turn'), [])
      })
})
