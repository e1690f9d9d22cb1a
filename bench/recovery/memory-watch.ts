// Weighs Drover's own processes now and then, with all users held and the garbage collected.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { DroverFleet } from './drover.ts'
import type { Gate } from './gate.ts'

export interface Weight {
  readonly seconds: number
  readonly primaryMb: number
  readonly balancerMb: number
}

const sampleEveryMs = 10_000
/** What a collection that was asked for may take before the answer of the process shows that it is over. */
const collectMs = 200
const kilobytesPerMb = 1_024

/** Makes a Node program collect its garbage on SIGUSR2. */
export const weighable: Readonly<Record<string, string>> = {
  NODE_OPTIONS: `--import=${import.meta.resolve('../contenders/weighable.ts')}`,
}

/** Every ten seconds until it is over. */
export async function watchMemory(
  fleet: DroverFleet,
  gate: Gate,
  onWeight: (weight: Weight) => void,
  over: AbortSignal,
): Promise<void> {
  const startedMs = performance.now()
  const ended = new Promise<void>((resolve) => {
    over.addEventListener('abort', () => resolve(), { once: true })
  })
  for (let nextMs = sampleEveryMs; ; nextMs += sampleEveryMs) {
    const waitMs = Math.max(0, startedMs + nextMs - performance.now())
    await pause(waitMs, undefined, { signal: over }).catch(() => undefined)
    if (over.aborted) return
    await Promise.race([gate.close(), ended])
    try {
      const weight = await weigh(fleet)
      onWeight({ seconds: (performance.now() - startedMs) / 1_000, ...weight })
    } finally {
      gate.open()
    }
  }
}

async function weigh(fleet: DroverFleet): Promise<Omit<Weight, 'seconds'>> {
  const { pid, balancers } = await fleet.status()
  const balancerPids = balancers.flatMap((balancer) => balancer.pid ?? [])
  for (const one of [pid, ...balancerPids]) process.kill(one, 'SIGUSR2')
  await pause(collectMs)
  // Each answers only when it has collected: the primary here, the balancers to whom this leads.
  await fleet.status()
  await fetch(`${fleet.origin}/health`).then((answer) => answer.arrayBuffer())
  return {
    primaryMb: residentMb(pid),
    balancerMb: balancerPids.reduce((sum, one) => sum + residentMb(one), 0),
  }
}

/** Of this process alone, without its children. */
function residentMb(pid: number): number {
  const kilobytes =
    process.platform === 'linux'
      ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
  return Number(kilobytes) / kilobytesPerMb
}
