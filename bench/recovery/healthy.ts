// Waiting until a server says that it can serve.
import { setTimeout as pause } from 'node:timers/promises'

const healthTimeoutMs = 60_000
const pollMs = 20
const answerTimeoutMs = 5_000

/** Rejects when `origin` does not answer GET /health with 200 in time. */
export async function untilHealthy(origin: string, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + healthTimeoutMs
  for (;;) {
    if (await isHealthy(origin)) return
    if (performance.now() >= endMs)
      throw new Error(`Cannot use ${origin}: it is not healthy after ${healthTimeoutMs / 1_000} s`)
    await pause(pollMs, undefined, { signal })
  }
}

async function isHealthy(origin: string): Promise<boolean> {
  try {
    const answer = await fetch(`${origin}/health`, { signal: AbortSignal.timeout(answerTimeoutMs) })
    await answer.arrayBuffer()
    return answer.status === 200
  } catch {
    return false
  }
}
