// Little apps of every kind, in this process, judged without looking inside: verdicts, modes and writers, over several seeds.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { unexplained } from '../../src/prove/evidence.ts'
import type { Divergence } from '../../src/prove/finding.ts'
import { judgeFlow, type Judgement } from '../../src/prove/judge.ts'
import { Laboratory } from '../../src/prove/laboratory.ts'
import { inProcess, noApp } from './support/in-process.ts'
import type { LittleCase } from './support/little-app.ts'
import { statefulCases } from './support/stateful-apps.ts'
import { statelessCases } from './support/stateless-apps.ts'

const seeds = [1, 2]

async function judged({ app, flow, keepsOutside = false }: LittleCase, seed: number): Promise<Judgement> {
  const starter = inProcess(app, { keepsOutside })
  const signal = AbortSignal.timeout(30_000)
  const laboratory = new Laboratory({
    starter,
    app: noApp,
    instances: 3,
    concurrency: keepsOutside ? 1 : 4,
    signal,
    onProgress: () => undefined,
  })
  const explain = async (): Promise<typeof unexplained> => unexplained
  const options = { laboratory, explain, seed, schedules: 2, signal, hasTime: () => true }
  const judgement = await judgeFlow(flow, options)
  assert.equal(starter.running, 0, 'everything that was started is stopped')
  return judgement
}

function modesOf({ modes }: Divergence): string {
  const letter = (differs: boolean | undefined): string => (differs === undefined ? '?' : differs ? 'D' : 'S')
  return [modes['private-disk'], modes['shared-disk'], modes.restart].map(letter).join('')
}

describe('a little app that keeps something of its own is convicted:', { concurrency: true }, () => {
  for (const little of statefulCases)
    it(little.name, async () => {
      for (const judgement of await Promise.all(seeds.map((seed) => judged(little, seed)))) {
        const { verdict } = judgement
        assert.equal(verdict.verdict, 'stateful', JSON.stringify(verdict))
        const [first] = verdict.verdict === 'stateful' ? verdict.findings : []
        assert.ok(first !== undefined)
        const { divergence } = first
        assert.equal(
          modesOf(divergence),
          little.stateful?.modes,
          JSON.stringify([divergence, judgement.limits]),
        )
        if (little.stateful?.writer !== undefined)
          assert.equal((divergence.writer ?? -1) + 1, little.stateful.writer, JSON.stringify(divergence))
      }
    })
})

describe('a little app that keeps nothing of its own is cleared:', { concurrency: true }, () => {
  for (const little of statelessCases)
    it(little.name, async () => {
      for (const { verdict } of await Promise.all(seeds.map((seed) => judged(little, seed))))
        assert.deepEqual(verdict, { verdict: 'no-divergence', schedules: 2 })
    })
})
