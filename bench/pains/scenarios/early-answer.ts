// A visitor signs in while Redis takes its time to write: does the answer wait for it?
import { setTimeout as pause } from 'node:timers/promises'
import { pulse } from '../hold.ts'
import { keepsNothingInAStore, type Observation, type Scenario, type Scene } from '../scenario.ts'
import { Visitor } from '../visitor.ts'

export const earlyAnswer: Scenario = {
  pain: '3 the response leaves before the save',
  exempts: keepsNothingInAStore,
  observe,
}

/** Longer than the scenario takes; it ends the pause itself. */
const pauseMs = 10_000
const pollMs = 5

async function observe({ a, redis }: Scene): Promise<Observation> {
  await redis.sendCommand(['CLIENT', 'PAUSE', String(pauseMs), 'WRITE'])
  const asked = new Visitor().begin(`${a}/login/ada`)
  try {
    const early = await Promise.race([asked.head, saveIsWaitedFor(a, redis)])
    return early === undefined
      ? { suffers: false, seen: 'no byte left while Redis had not saved' }
      : {
          suffers: early.status < 400 && early.cookies.length > 0,
          seen: `${early.status}${early.cookies.length > 0 ? ' and a cookie' : ''} left while Redis had not saved`,
        }
  } finally {
    await redis.sendCommand(['CLIENT', 'UNPAUSE'])
    await asked.answer
  }
}

/** Resolves when Redis holds back the app's write, and the app has since had the time to answer other requests. */
async function saveIsWaitedFor(origin: string, redis: Scene['redis']): Promise<undefined> {
  for (;;) {
    const info = String(await redis.sendCommand(['INFO', 'clients']))
    if (Number(/^blocked_clients:(\d+)/m.exec(info)?.[1] ?? 0) > 0) break
    await pause(pollMs)
  }
  for (let beat = 0; beat < 3; beat++) await pulse(origin)
}
