// npm run bench: runs the suites asked for, prints their table, writes their rows.
import { writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { benchParts } from '../scripts/parts/catalog.ts'
import { ensureParts } from '../scripts/parts/ensure.ts'
import { requirePart } from '../scripts/parts/find.ts'
import { wrk } from '../scripts/parts/catalog.ts'
import { readCommandLine, usage, type Plan, type Request, type SuiteName } from './command-line.ts'
import type { Bench } from './measurement.ts'
import type { Result } from './result.ts'
import { Stage } from './stage.ts'
import { runBalancer } from './suites/balancer.ts'
import { runBalancerConnections } from './suites/balancer-connections.ts'
import { runBalancerLatency } from './suites/balancer-latency.ts'
import { runPains } from './suites/pains.ts'
import { runRecovery } from './suites/recovery.ts'
import { runRevocation } from './suites/revocation.ts'
import { runSessionCookies, runSessions, runSessionStores } from './suites/sessions.ts'
import { runSoak } from './suites/soak.ts'
import { runStoreSize } from './suites/store-size.ts'
import { runTokens } from './suites/tokens.ts'

const suites: Readonly<Record<SuiteName, (bench: Bench) => Promise<Result>>> = {
  balancer: runBalancer,
  'balancer-latency': runBalancerLatency,
  'balancer-connections': runBalancerConnections,
  sessions: runSessions,
  'sessions-stores': runSessionStores,
  'sessions-cookies': runSessionCookies,
  'store-size': runStoreSize,
  revocation: runRevocation,
  tokens: runTokens,
  recovery: runRecovery,
  soak: runSoak,
  pains: runPains,
}

class Interrupt extends Error {
  readonly signalName: 'SIGINT' | 'SIGTERM'

  constructor(signalName: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signalName}`)
    this.signalName = signalName
  }
}

async function runSuite(name: SuiteName, plan: Plan, signal: AbortSignal): Promise<Result> {
  const stage = new Stage(signal)
  try {
    return await suites[name]({
      stage,
      plan,
      wrk: requirePart(wrk),
      progress: (line) => {
        console.error(`${name}: ${line}`)
      },
    })
  } finally {
    await stage.clear()
  }
}

async function run(request: Extract<Request, { type: 'run' }>, signal: AbortSignal): Promise<void> {
  await ensureParts(benchParts)
  const rows: Result['rows'][number][] = []
  for (const name of request.suites) {
    const found = await runSuite(name, request.plan, signal)
    rows.push(...found.rows)
    console.log(`\n${found.table}`)
  }
  if (request.json !== undefined) await writeFile(request.json, `${JSON.stringify(rows, null, 2)}\n`)
}

async function main(words: readonly string[]): Promise<number> {
  let request: Request
  try {
    request = readCommandLine(words)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return 2
  }
  if (request.type === 'help') {
    console.log(usage)
    return 0
  }
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      interrupt.abort(new Interrupt(name))
    })
  }
  try {
    await run(request, interrupt.signal)
    return 0
  } catch (error) {
    const { reason } = interrupt.signal
    if (reason instanceof Interrupt) return 128 + constants.signals[reason.signalName]
    console.error(error)
    return 1
  }
}

process.exitCode = await main(process.argv.slice(2))
