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
        for (const verifier of inTurn(all, round)) {
          stage.signal.throwIfAborted()
          const micros = await microsPerToken(verifier, rivals.tokens, plan.seconds / all.length)
          if (round > 0) figures.get(verifier)?.push(micros)
        }
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

/** CPU time of the whole process: who signs on another thread pays for it too. */
async function microsPerToken(
  verifier: Verifier,
  tokens: readonly string[],
  seconds: number,
): Promise<number> {
  collectGarbage()
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
  return (user + system) / count
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
