// What a proxy adds to the latency of a request when it is half busy: Drover's balancer beside nginx, under one fixed rate.
import { collectGarbage } from '../garbage.ts'
import { measure, type Bench, type Contender } from '../measurement.ts'
import { median } from '../median.ts'
import { napMs, runOpenLoop } from '../open-loop.ts'
import { percentile } from '../percentile.ts'
import { resultOf, type Result } from '../result.ts'
import { makeFlooredRow, type Row } from '../row.ts'
import { inTurn } from '../turn.ts'
import type { Load } from '../wrk.ts'
import {
  contender,
  ours,
  startDrover,
  startNginx,
  startUpstream,
  targetsOf,
  verify,
} from './balancer-contenders.ts'

const peer = 'nginx'
const load = 'GET 300 B'
const path = '/small'
const loads: ReadonlyMap<string, Load> = new Map([[load, { method: 'GET', path }]])
/** Only to know what half of it is. */
const mostRoundsOfMaximum = 2
const parts = [
  { name: 'p50', part: 0.5, target: undefined },
  { name: 'p99', part: 0.99, target: 2 },
] as const

/** A server under the load, by the ports it is asked at. */
interface Asked {
  readonly name: string
  readonly ports: readonly number[]
}

export async function runBalancerLatency(bench: Bench): Promise<Result> {
  const { stage, progress } = bench
  progress('starting the contenders')
  const upstream = await startUpstream(stage)
  const targets = targetsOf(upstream)
  const contenders = [
    contender(ours, await startDrover(stage, targets), loads),
    contender(peer, await startNginx(stage, targets), loads),
  ]
  for (const one of contenders) await verify(one)
  const perSecond = (await lowerMaximum(bench, contenders)) / 2
  progress(`half load is ${Math.round(perSecond).toLocaleString('en')} requests/s`)
  const direct: Asked = { name: 'the upstream itself', ports: upstream.ports }
  const proxies = contenders.map(({ name, port }) => ({ name, ports: [port] }))
  return resultOf(await compare(bench, direct, proxies, perSecond))
}

/** Of the requests per second that each can take. */
async function lowerMaximum(bench: Bench, contenders: readonly Contender[]): Promise<number> {
  bench.progress('how much can they take?')
  const plan = { ...bench.plan, rounds: Math.min(bench.plan.rounds, mostRoundsOfMaximum) }
  const measurement = await measure({ ...bench, plan }, contenders)
  return Math.min(...contenders.map(({ name }) => measurement.figures(name, load).requestsPerSecond))
}

/** Medians of the rounds; what is added is told from the upstream asked directly in the same round. */
async function compare(
  bench: Bench,
  direct: Asked,
  proxies: readonly Asked[],
  perSecond: number,
): Promise<Row[]> {
  const { plan, progress } = bench
  const rounds: ReadonlyMap<string, readonly number[]>[] = []
  for (let round = 0; round <= plan.rounds; round++) {
    progress(round === 0 ? 'warming up' : `round ${round} of ${plan.rounds}`)
    const found = new Map<string, readonly number[]>()
    for (const asked of inTurn([direct, ...proxies], round)) {
      found.set(asked.name, await latenciesOf(bench, asked, perSecond))
    }
    if (round > 0) rounds.push(found)
  }
  return parts.map(({ name, part, target }) => {
    const added = (proxy: string) =>
      median(rounds.map((found) => figure(found, proxy, part) - figure(found, direct.name, part)))
    return makeFlooredRow({
      what: `balancer: ${name} added at half load`,
      peerName: peer,
      unit: 'ms',
      ours: added(ours),
      peer: added(peer),
      smallest: napMs,
      target,
    })
  })
}

function figure(found: ReadonlyMap<string, readonly number[]>, name: string, part: number): number {
  return percentile(found.get(name) ?? [], part)
}

async function latenciesOf(
  { plan, stage }: Bench,
  { name, ports }: Asked,
  perSecond: number,
): Promise<readonly number[]> {
  // What measuring left behind is not the next one's doing.
  collectGarbage()
  try {
    return await runOpenLoop({ ports, path, perSecond, seconds: plan.seconds }, stage.signal)
  } catch (cause) {
    stage.signal.throwIfAborted()
    throw new Error(`${name} is out`, { cause })
  }
}
