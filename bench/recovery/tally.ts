// What all users together suffered in one run.
import type { Exchange, Method } from './client.ts'

export class Tally {
  readonly latenciesMs: number[] = []
  readonly failed: Record<Method, number> = { GET: 0, POST: 0 }
  /** Failures by method and reason, such as `POST 502`. */
  readonly reasons: Map<string, number> = new Map()
  signedOut = 0

  /** Every request counts with the time until its answer or its failure. */
  count(exchange: Exchange): void {
    this.latenciesMs.push(exchange.durationMs)
  }

  fail({ method, status, reason, body }: Exchange): void {
    this.failed[method] += 1
    const name = `${method} ${reason ?? `${status}${codeOf(body)}`}`
    this.reasons.set(name, (this.reasons.get(name) ?? 0) + 1)
  }
}

/** The shop says in its refusals which one it is. */
function codeOf(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('error' in body)) return ''
  const { error } = body
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return ` ${String(error.code)}`
}
