// A balancer in the test's own process, drained when the test ends; and a check that it holds on to nothing.
import type { TestContext } from 'node:test'
import { Balancer } from '../../../src/balancer/balancer.ts'
import type { ExchangeRecord } from '../../../src/balancer/exchange/record.ts'
import type { BalancerOptions } from '../../../src/balancer/messages.ts'
import { until } from '../../support/until.ts'
import type { TestInstance } from './instance.ts'

export interface TestBalancer {
  readonly balancer: Balancer
  readonly port: number
  readonly url: string
  /** The instances that may be given requests from now on. */
  readonly use: (...instances: readonly TestInstance[]) => void
  /** Waits until so many requests wait: for an instance, for room on one, or to be repeated. */
  readonly waits: (count?: number) => Promise<unknown>
  /** Waits until no request is in flight or parked. */
  readonly quiet: () => Promise<unknown>
  /** What became of every request so far. */
  readonly records: readonly ExchangeRecord[]
}

export interface TestBalancerOptions extends Partial<BalancerOptions> {
  readonly random?: () => number
}

export async function startBalancer(
  t: TestContext,
  options: TestBalancerOptions = {},
): Promise<TestBalancer> {
  const records: ExchangeRecord[] = []
  const { random, ...balancerOptions } = options
  const balancer = new Balancer(
    { reveal: true, ...balancerOptions },
    {
      random: random ?? Math.random,
      now: () => performance.now() + 1,
      observe: (record) => {
        records.push(record)
      },
    },
  )
  await balancer.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => balancer.drain(0))
  const { port } = balancer
  if (port === undefined) throw new Error('the balancer listens on no port')
  const isQuiet = () => {
    const { parked, upstreams } = balancer.load()
    return parked === 0 && upstreams.every(({ inFlight }) => inFlight === 0)
  }
  return {
    balancer,
    port,
    records,
    url: `http://127.0.0.1:${port}`,
    use: (...instances) => {
      balancer.setUpstreams(instances.map(({ upstream }) => upstream))
    },
    waits: (count = 1) => until(`${count} wait`, () => balancer.load().parked === count),
    quiet: () => until('nothing is in flight', isQuiet),
  }
}
