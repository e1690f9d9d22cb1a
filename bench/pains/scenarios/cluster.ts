// The same app on a Redis Cluster, where a command whose keys are in several slots is refused: RENAME is the classic.
import { startRedisCluster } from '../../redis.ts'
import { keepsNothingInAStore, type Observation, type Scenario, type Scene } from '../scenario.ts'
import { Visitor } from '../visitor.ts'

export const cluster: Scenario = {
  pain: '11 a new id for a session fails on a Redis Cluster',
  exempts: keepsNothingInAStore,
  observe,
}

/** A visitor of their own each time: whether two keys share a slot is luck. */
const visitors = 5

async function observe({ stage, startServer }: Scene): Promise<Observation> {
  const { port } = await startRedisCluster(stage)
  const origin = await startServer({ store: `redis-cluster://127.0.0.1:${port}` })
  const refusals: string[] = []
  for (let count = 0; count < visitors; count++) {
    const visitor = new Visitor()
    for (const route of ['theme/dark', 'login/ada', 'renew', 'read', 'logout']) {
      const { status } = await visitor.ask(`${origin}/${route}`)
      if (status !== 200) refusals.push(`/${route} got ${status}`)
    }
  }
  return {
    suffers: refusals.length > 0,
    seen: refusals[0] ?? `${visitors} of ${visitors} visitors signed in, got a new id and signed out`,
  }
}
