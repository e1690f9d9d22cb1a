// What it costs to check an access token, beside what others would check it with: the same token, the same key, one process.
import { setImmediate } from 'node:timers/promises'
import { collectGarbage } from '../garbage.ts'
import { median } from '../median.ts'
import type { Bench } from '../measurement.ts'
import { resultOf } from '../result.ts'
import type { Result } from '../result.ts'
import { makeRow } from '../row.ts'
import type { Row } from '../row.ts'
import { makeRivals } from '../tokens/verifiers.ts'
import type { Rivals, Verifier } from '../tokens/verifiers.ts'
import { inTurn } from '../turn.ts'

const algorithms = ['HS256', 'ES256', 'EdDSA'] as const
/** Different ones, so that nobody's cache of the last few answers. */
const tokenCount = 500
const tokensAtOnce = 50
/** What following the feed may cost, as a part of checking without it. */
const mostForRevocations = 1.1

export async function runTokens({ plan, progress, stage }: Bench): Promise<Result> {
  const rows: Row[] = []
  for (const algorithm of algorithms) {
    const rivals = await makeRivals(algorithm, tokenCount)
    try {
      const all = [rivals.drover, rivals.alone, ...rivals.peers]
      await refuseWhoTakesAnything(all, rivals)
      const figures = new Map<Verifier, number[]>(all.map((verifier) => [verifier, []]))
      for (let round = 0; round <= plan.rounds; round += 1) {
        progress(`${algorithm}, ${round === 0 ? 'warming up' : `round ${round} of ${plan.rounds}`}`)
        const costs = await costsOf(inTurn(all, round), rivals.tokens, plan.seconds, stage.signal)
        if (round > 0) for (const [verifier, micros] of costs) figures.get(verifier)?.push(micros)
      }
      rows.push(...rowsOf(algorithm, rivals, (verifier) => median(figures.get(verifier) ?? [])))
    } finally {
      await rivals.close()
    }
  }
  return resultOf(rows)
}

function rowsOf(algorithm: string, rivals: Rivals, costOf: (verifier: Verifier) => number): Row[] {
  const { drover, alone, peers } = rivals
  const cpu = 'µs CPU/request'
  const fastest = Math.min(...peers.map(costOf))
  return [
    ...peers.map((peer) => {
      // Not slower than the fastest of them.
      const target = costOf(peer) === fastest ? 1 : undefined
      return makeRow(
        `tokens: a ${algorithm} token is checked`,
        peer.name,
        cpu,
        costOf(drover),
        costOf(peer),
        target,
      )
    }),
    makeRow(
      `tokens: a ${algorithm} token is checked`,
      'without revocations',
      cpu,
      costOf(drover),
      costOf(alone),
      mostForRevocations,
    ),
  ]
}

/** Whatever else the machine does, it does to all of them: each has so many short turns in a round. */
const turnsInRound = 20

/** CPU time of the whole process in µs for each token: who signs on another thread pays for it too. */
async function costsOf(
  verifiers: readonly Verifier[],
  tokens: readonly string[],
  seconds: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<Verifier, number>> {
  const spent = new Map(verifiers.map((verifier) => [verifier, { micros: 0, count: 0 }]))
  collectGarbage()
  for (let turn = 0; turn < turnsInRound; turn += 1) {
    const order = inTurn(verifiers, turn)
    // There and back: nobody always has the garbage of the same one to clear away.
    for (const verifier of turn % 2 === 0 ? order : order.toReversed()) {
      signal.throwIfAborted()
      const sum = spent.get(verifier)
      const { micros, count } = await check(verifier, tokens, seconds / verifiers.length / turnsInRound)
      if (sum !== undefined) spent.set(verifier, { micros: sum.micros + micros, count: sum.count + count })
    }
  }
  return new Map([...spent].map(([verifier, { micros, count }]) => [verifier, micros / count]))
}

async function check(
  verifier: Verifier,
  tokens: readonly string[],
  seconds: number,
): Promise<{ readonly micros: number; readonly count: number }> {
  const before = process.cpuUsage()
  const endMs = performance.now() + 1_000 * seconds
  let count = 0
  while (performance.now() < endMs) {
    for (let at = 0; at < tokensAtOnce; at += 1) {
      const token = tokens[count % tokens.length] ?? ''
      // One after the other, as one request after the other asks.
      await verifier.verify(token)
      count += 1
    }
    // As between the requests of a server: what follows the feed gets its turn too.
    await setImmediate()
  }
  const { user, system } = process.cpuUsage(before)
  return { micros: user + system, count }
}

/** Who takes a token whose last character was changed is no contender. */
async function refuseWhoTakesAnything(all: readonly Verifier[], { tokens }: Rivals): Promise<void> {
  const [token = ''] = tokens
  const [header, payload, signature = ''] = token.split('.')
  const forged = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  for (const { name, verify } of all) {
    await verify(token)
    let isTaken = true
    try {
      await verify(forged)
    } catch {
      isTaken = false
    }
    if (isTaken) throw new Error(`${name} is out: it took a forged token`)
  }
}
