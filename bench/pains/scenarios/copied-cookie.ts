// A visitor signs out on one server; somebody with a copy of their cookie goes on on another.
import { acceptedForMs } from '../ended.ts'
import {
  revocationPatienceMs,
  tryEverybody,
  type Observation,
  type Scenario,
  type Scene,
} from '../scenario.ts'
import { Visitor } from '../visitor.ts'

export const copiedCookie: Scenario = {
  pain: '7 cached or sealed sessions survive their revocation',
  exempts: tryEverybody,
  observe,
}

async function observe({ a, b }: Scene): Promise<Observation> {
  const visitor = new Visitor()
  await visitor.ask(`${a}/login/ada`)
  const thief = visitor.copy()
  // Read more than once, so that a cache has it.
  for (let count = 0; count < 3; count++) {
    const { principal } = await thief.read(b)
    if (principal === undefined) throw new Error('Cannot sign out: the cookie did not sign anybody in')
  }
  await visitor.ask(`${a}/logout`)
  const ms = await acceptedForMs(thief, b)
  return ms === undefined
    ? { suffers: true, seen: `the copied cookie is still accepted after ${revocationPatienceMs} ms` }
    : { suffers: false, seen: `the copied cookie was accepted for ${Math.round(ms)} ms more` }
}
