// Redis goes away under a server: what do a signed-in reader and somebody who signs in just then get?
import { setTimeout as pause } from 'node:timers/promises'
import { startRedis } from '../../redis.ts'
import { keepsNothingInAStore, type Observation, type Scenario, type Scene } from '../scenario.ts'
import { Stage } from '../../stage.ts'
import { patienceMs, Visitor, type Answer } from '../visitor.ts'

export const outageRead: Scenario = {
  pain: '4 in a store outage readers wait, and get an error that is none of 503 with Retry-After',
  exempts: keepsNothingInAStore,
  observe: (scene) =>
    duringOutage(scene, async (origin, reader) => {
      const answer = await answerOf(reader, `${origin}/read`)
      return {
        suffers: !isOutageAnswer(answer) || answer.tookMs > longestWaitMs,
        seen: describe(answer),
      }
    }),
}

export const outageLogin: Scenario = {
  pain: '4 a login in a store outage answers 200 and a cookie with nothing stored',
  exempts: keepsNothingInAStore,
  observe: (scene) =>
    duringOutage(scene, async (origin, _reader, end) => {
      const visitor = new Visitor()
      const answer = await answerOf(visitor, `${origin}/login/ada`)
      await end()
      const { principal } = await visitor.read(origin)
      const promised = answer !== undefined && answer.status < 400 && answer.cookies.length > 0
      return {
        suffers: promised && principal === undefined,
        seen: `${describe(answer)}; afterwards ${principal === undefined ? 'not signed in' : 'signed in'}`,
      }
    }),
}

/** Far more than a healthy store takes, far less than a visitor's patience. */
const longestWaitMs = 2_000
const pollMs = 50

async function duringOutage(
  { stage, startServer }: Scene,
  look: (origin: string, reader: Visitor, end: () => Promise<void>) => Promise<Observation>,
): Promise<Observation> {
  const power = new Stage(stage.signal)
  stage.onClear(() => power.clear())
  const { url, port } = await startRedis(power)
  const origin = await startServer({ store: url })
  const reader = new Visitor()
  await reader.ask(`${origin}/login/grace`)
  await power.clear()
  return look(origin, reader, async () => {
    await startRedis(power, port)
    await serves(origin)
  })
}

/** Resolves when a session can be kept again. */
async function serves(origin: string): Promise<void> {
  const endMs = performance.now() + patienceMs
  for (;;) {
    const visitor = new Visitor()
    const answer = await answerOf(visitor, `${origin}/login/grace`)
    const { principal } = answer?.status === 200 ? await visitor.read(origin) : {}
    if (principal !== undefined) return
    if (performance.now() > endMs) throw new Error('Cannot go on after the outage: the app does not recover')
    await pause(pollMs)
  }
}

/** Undefined where none came in time. */
async function answerOf(visitor: Visitor, url: string): Promise<Answer | undefined> {
  try {
    return await visitor.ask(url)
  } catch {
    return undefined
  }
}

function isOutageAnswer(answer: Answer | undefined): answer is Answer {
  return answer?.status === 503 && answer.headers['retry-after'] !== undefined
}

function describe(answer: Answer | undefined): string {
  if (answer === undefined) return `no answer within ${patienceMs / 1000} s`
  const { status, headers, cookies, tookMs } = answer
  const extras = [
    ...(headers['retry-after'] === undefined ? [] : ['Retry-After']),
    ...(cookies.length === 0 ? [] : ['Set-Cookie']),
  ]
  return `${[String(status), ...extras].join(' with ')} after ${(tookMs / 1000).toFixed(1)} s`
}
