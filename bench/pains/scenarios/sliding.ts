// A signed-in visitor only reads: how often is Redis written to, just so that the session does not expire?
import { keepsNothingInAStore, type Observation, type Scenario, type Scene } from '../scenario.ts'
import { Visitor } from '../visitor.ts'

export const sliding: Scenario = {
  pain: '5 a write for each request, only to slide the expiry',
  exempts: keepsNothingInAStore,
  observe,
}

const reads = 20

async function observe({ a, redis }: Scene): Promise<Observation> {
  const visitor = new Visitor()
  await visitor.ask(`${a}/login/ada`)
  await visitor.read(a)
  await redis.sendCommand(['CONFIG', 'RESETSTAT'])
  for (let count = 0; count < reads; count++) await visitor.read(a)
  const writes = await writesOf(redis)
  return { suffers: writes >= reads, seen: `${writes} writes for ${reads} reads` }
}

/** Commands since the last reset that Redis itself counts among the writing ones; those inside scripts too. */
async function writesOf(redis: Scene['redis']): Promise<number> {
  const writing = await redis.sendCommand(['COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', 'write'])
  const names = new Set(Array.isArray(writing) ? writing.map(String) : [])
  if (!names.has('set')) throw new Error('Cannot count writes: Redis does not tell which commands write')
  const stats = String(await redis.sendCommand(['INFO', 'commandstats']))
  return [...stats.matchAll(/^cmdstat_([^:|]+)[^:]*:calls=(\d+)/gm)]
    .filter(([, name = '']) => names.has(name))
    .reduce((sum, [, , calls]) => sum + Number(calls), 0)
}
