// Two requests of one visitor, on two servers, each change another field of the session.
import { tryEverybody, type Observation, type Scenario, type Scene } from '../scenario.ts'
import { held, release } from '../hold.ts'
import { Visitor } from '../visitor.ts'

export const concurrentRequests: Scenario = {
  pain: '1 concurrent requests overwrite each other',
  exempts: tryEverybody,
  observe,
}

async function observe({ a, b }: Scene): Promise<Observation> {
  const visitor = new Visitor()
  await visitor.ask(`${a}/note/1`)
  const asked = [
    visitor.begin(`${a}/theme/dark?hold=overwrite`),
    visitor.begin(`${b}/language/fr?hold=overwrite`),
  ]
  // Both have read the session before either writes it.
  for (const origin of [a, b]) await held(origin, 'overwrite')
  for (const [index, origin] of [a, b].entries()) {
    await release(origin, 'overwrite')
    await asked[index]?.answer
  }
  const { theme, language } = await visitor.read(a)
  const kept = [theme, language].filter((value) => value !== undefined).length
  return { suffers: kept < 2, seen: `${kept} of 2 concurrent changes kept` }
}
