// A balancer in the test's own process, drained when the test ends; and a check that it holds on to nothing.
import type { TestContext } from 'node:test'
import { Balancer } from '../../../src/balancer/balancer.ts'
import { defaultLimits, type BalancerLimits } from '../../../src/balancer/limits.ts'
import { until } from '../../support/until.ts'
import type { TestInstance } from './instance.ts'

export interface TestBalancer {
  readonly balancer: Balancer
  readonly port: number
  readonly url: string
  /** The instances that may be given requests from now on. */
  readonly use: (...instances: readonly TestInstance[]) => void
  /** Waits until no request is in flight or parked. */
  readonly quiet: () => Promise<unknown>
}

export interface TestBalancerOptions {
  readonly reveal?: boolean
  readonly limits?: Partial<BalancerLimits>
  readonly random?: () => number
}

export async function startBalancer(
  t: TestContext,
  options: TestBalancerOptions = {},
): Promise<TestBalancer> {
  const balancer = new Balancer(
    { reveal: options.reveal ?? true },
    { random: options.random ?? Math.random, now: () => performance.now() + 1 },
    { ...defaultLimits, ...options.limits },
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
    url: `http://127.0.0.1:${port}`,
    use: (...instances) => {
      balancer.setUpstreams(instances.map(({ upstream }) => upstream))
    },
    quiet: () => until('nothing is in flight', isQuiet),
  }
}
