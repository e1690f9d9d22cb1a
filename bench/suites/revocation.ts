// Server A ends all sessions of a principal; how long does server B, another process, go on as if nothing had happened?
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { PainSettings } from '../contenders/pains/settings.ts'
import type { Bench } from '../measurement.ts'
import { Visitor } from '../pains/visitor.ts'
import { percentile } from '../percentile.ts'
import { startNode } from '../program.ts'
import { startRedis } from '../redis.ts'
import { resultOf, type Result } from '../result.ts'
import { makeRow, type Row } from '../row.ts'
import type { Stage } from '../stage.ts'

interface Servers {
  readonly a: string
  readonly b: string
}

/** From A's answer on, in milliseconds. */
interface Delays {
  readonly refused: number[]
  readonly closed: number[]
}

const triesPerSecond = 20
/** A p99 of fewer would be their worst alone. */
const fewestTries = 20
/** B may know before A's answer has reached us; that is as soon as this clock can tell. */
const smallestMs = 0.01
const patienceMs = 5_000

export async function runRevocation(bench: Bench): Promise<Result> {
  const { stage, plan, progress } = bench
  progress('starting the servers')
  const { url } = await startRedis(stage)
  const near = await startServers(stage, { store: url, nearCache: true })
  const plain = await startServers(stage, { store: url, nearCache: false })
  const delays = { near: noDelays(), plain: noDelays() }
  const tries = Math.max(fewestTries, Math.round(triesPerSecond * plan.seconds))
  for (let round = 0; round <= plan.rounds; round++) {
    progress(round === 0 ? 'warming up' : `round ${round} of ${plan.rounds}`)
    for (let count = 0; count < tries; count++) {
      const who = `principal-${round}-${count}`
      const isCounted = round > 0
      await measureOnce(near, who, isCounted ? delays.near : noDelays())
      await measureOnce(plain, who, isCounted ? delays.plain : noDelays())
    }
  }
  return resultOf([
    ...compare('a request on another server is refused', delays.near.refused, delays.plain.refused),
    ...compare('a socket on another server is closed', delays.near.closed, delays.plain.closed),
  ])
}

function noDelays(): Delays {
  return { refused: [], closed: [] }
}

function compare(what: string, near: readonly number[], plain: readonly number[]): Row[] {
  return ([50, 99] as const).map((part) =>
    makeRow(
      `revocation: ${what}, near cache, p${part}`,
      'without near cache',
      'ms',
      percentile(near, part / 100),
      percentile(plain, part / 100),
    ),
  )
}

async function startServers(
  stage: Stage,
  settings: Pick<PainSettings, 'store' | 'nearCache'>,
): Promise<Servers> {
  const program = new URL('../contenders/pains/drover.ts', import.meta.url)
  const [a, b] = await Promise.all([0, 1].map(() => startNode(stage, program, [JSON.stringify(settings)])))
  return { a: originOf(a?.ports), b: originOf(b?.ports) }
}

function originOf(ports: readonly number[] | undefined): string {
  return `http://127.0.0.1:${ports?.[0] ?? 0}`
}

async function measureOnce({ a, b }: Servers, principal: string, delays: Delays): Promise<void> {
  const visitor = new Visitor()
  await visitor.ask(`${a}/login/${principal}`)
  // Read twice: the first fills a cache, the second is served from it.
  for (let count = 0; count < 2; count++) {
    const account = await visitor.read(b)
    if (account.principal !== principal) throw new Error('Drover is out: a session was not found on server B')
  }
  const socket = new WebSocket(`${b.replace('http', 'ws')}/`, { headers: { cookie: visitor.cookieHeader } })
  await once(socket, 'message')
  let startMs = Infinity
  let closedMs: number | undefined
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(patienceMs) }).then(() => {
    closedMs = performance.now()
    return closedMs
  })
  closed.catch(() => undefined)
  const { status } = await new Visitor().ask(`${a}/revoke-all/${principal}`)
  startMs = performance.now()
  if (status !== 200) throw new Error(`Drover is out: revoking all answered ${status}`)
  const refusedMs = await refusal(visitor, b)
  delays.refused.push(Math.max(refusedMs - startMs, smallestMs))
  delays.closed.push(Math.max((closedMs ?? (await closed)) - startMs, smallestMs))
}

/** When the first answer came that the session no longer lets anybody in. */
async function refusal(visitor: Visitor, origin: string): Promise<number> {
  const endMs = performance.now() + patienceMs
  for (;;) {
    const { principal } = await visitor.copy().read(origin)
    const nowMs = performance.now()
    if (principal === undefined) return nowMs
    if (nowMs > endMs) throw new Error(`Drover is out: a revoked session still works after ${patienceMs} ms`)
  }
}
