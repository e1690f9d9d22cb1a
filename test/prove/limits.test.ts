// Limits that a flow does not come to, of little apps in this process: asked for by repeating what the flow asks.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { unexplained } from '../../src/prove/evidence.ts'
import type { Verdict } from '../../src/prove/finding.ts'
import type { Flow } from '../../src/prove/flow/flow.ts'
import { judgeFlow } from '../../src/prove/judge.ts'
import { Laboratory } from '../../src/prove/laboratory.ts'
import { flowOf } from './support/flows.ts'
import { inProcess, noApp, type LittleApp, type World } from './support/in-process.ts'
import { app, memory } from './support/little-app.ts'

/** Serves so many requests for one path, and refuses from then on. */
function limited(path: string, limit: number, storeOf: (world: World) => Map<string, string>): LittleApp {
  return app((world) => {
    const store = storeOf(world)
    return ({ url }) => {
      if (url.pathname !== path) return { body: 'served' }
      const count = Number(store.get('count') ?? 0) + 1
      store.set('count', String(count))
      return count > limit ? { status: 429, body: 'Too many requests' } : { body: 'served' }
    }
  })
}

async function judged(little: LittleApp, flow: Flow, mayLimit = true): Promise<Verdict> {
  const starter = inProcess(little)
  const signal = AbortSignal.timeout(30_000)
  const onProgress = (): void => undefined
  const laboratory = new Laboratory({ starter, app: noApp, instances: 3, concurrency: 4, signal, onProgress })
  const { verdict } = await judgeFlow(flow, {
    laboratory,
    explain: async () => unexplained,
    seed: 1,
    schedules: 2,
    signal,
    hasTime: () => true,
    mayLimit: async () => mayLimit,
  })
  assert.equal(starter.running, 0)
  return verdict
}

const flow = flowOf('GET /', 'POST /login {"name":"ann"}', 'GET /api/me')

it('a limit that each process counts to by itself is found past it', async () => {
  const verdict = await judged(limited('/login', 5, memory), flow)
  assert.equal(verdict.verdict, 'stateful')
  const [finding] = verdict.verdict === 'stateful' ? verdict.findings : []
  const { difference, modes } = finding?.divergence ?? assert.fail()
  assert.equal(difference.where, 'status')
  assert.match(`${difference.expected} ${difference.actual}`, /^429.*200/)
  assert.deepEqual(Object.values(modes), [true, true, true])
})

it('a limit that all count to together is none of theirs, and nobody asks often where nothing hints at a limit', async () => {
  const cleared = { verdict: 'no-divergence', schedules: 2 }
  assert.deepEqual(
    await judged(
      limited('/login', 5, ({ outside }) => outside),
      flow,
    ),
    cleared,
  )
  assert.deepEqual(await judged(limited('/login', 5, memory), flow, false), cleared)
})
