// Reads once more, at the end, what the flow has read: so state that a later write left behind is asked for, and whatever is one instance's
// own, such as its name, is told at least twice.
import type { Flow, HttpStep, Step } from './flow/flow.ts'

/** More than this many say nothing new. */
const readsAtMost = 12

/** The flow with its reads at the end of it; indices of its own steps stay. */
export function withFinalReads(flow: Flow): Flow {
  const reads = new Map<string, HttpStep>()
  for (const step of flow.steps) if (isSafeRead(step)) reads.set(`${step.client} ${step.path}`, step)
  const again = [...reads.values()].slice(0, readsAtMost).map(readAgain)
  return { ...flow, steps: [...flow.steps, ...again] }
}

/** Reading must be safe, which a GET is not always. */
export function isSafeRead(step: Step): step is HttpStep {
  if (step.kind !== 'http' || step.method.toUpperCase() !== 'GET') return false
  return !/log-?out|sign-?out|delete|remove|destroy|reset|unsubscribe|transport=/i.test(step.path)
}

function readAgain({ kind, client, method, path, headers, origin }: HttpStep): Step {
  const expect = { status: undefined, includes: undefined }
  const from = `${origin}, read again at the end`
  return { kind, client, method, path, headers, body: undefined, capture: {}, expect, origin: from }
}
