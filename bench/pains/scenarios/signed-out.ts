// A visitor signs out on one server while a slower request of theirs is still at work on another.
import { held, release } from '../hold.ts'
import { tryEverybody, type Observation, type Scenario, type Scene } from '../scenario.ts'
import { Visitor } from '../visitor.ts'

export const slowWrite: Scenario = {
  pain: '2 a logged-out session comes back: by a slow request that writes',
  exempts: tryEverybody,
  observe: (scene) => observe(scene, 'theme/dark', 'slow-write'),
}

export const slowRead: Scenario = {
  pain: '2 a logged-out session comes back: by a slow request that only reads',
  exempts: tryEverybody,
  observe: (scene) => observe(scene, 'read', 'slow-read'),
}

async function observe({ a, b }: Scene, route: string, hold: string): Promise<Observation> {
  const visitor = new Visitor()
  await visitor.ask(`${a}/login/ada`)
  const slow = visitor.begin(`${b}/${route}?hold=${hold}`)
  await held(b, hold)
  const before = visitor.copy()
  await visitor.ask(`${a}/logout`)
  const atLogout = await whoIsIn(a, visitor, before)
  await release(b, hold)
  const { status } = await slow.answer
  const afterwards = await whoIsIn(a, visitor, before)
  // What was never ended cannot come back; that sealed cookies go on working is a pain of its own.
  const revived = afterwards.filter((who) => !atLogout.includes(who))
  return {
    suffers: revived.length > 0,
    seen:
      revived.length > 0
        ? `signed in again after the slow request (${status}): ${revived.join(' and ')}`
        : `nobody signed in again; the slow request got ${status}`,
  }
}

/** Who is signed in: the visitor with the cookies they hold now, and the cookie of before the logout. */
async function whoIsIn(origin: string, visitor: Visitor, before: Visitor): Promise<string[]> {
  const accounts: [string, Visitor][] = [
    ['the browser', visitor],
    ['the old cookie', before.copy()],
  ]
  const found: string[] = []
  for (const [name, who] of accounts) {
    const { principal } = await who.read(origin)
    if (principal !== undefined) found.push(name)
  }
  return found
}
