// A 304 says that what the visitor has already is right still, and a validator says no more than what it stands for. So a 304 is compared
// as the answer that it confirms: one instance may send that anew where another, with a validator of its own, does not (RFC 9111 section 4.3.3).
import type { Flow } from '../flow/flow.ts'
import type { Observation, Trace } from '../trace.ts'

/** The trace as its visitors saw it. A 304 that confirms no answer of this trace stays one. */
export function asVisitorsSaw(trace: Trace, flow: Flow): Trace {
  const kept = new Map<string, Observation>()
  const observations = trace.observations.map((observation) => {
    const step = flow.steps[observation.step]
    if (step?.kind !== 'http' || step.method.toUpperCase() !== 'GET') return observation
    const key = `${step.client} ${step.path}`
    const before = kept.get(key)
    const seen =
      observation.status === 304 && before !== undefined ? confirmed(before, observation) : observation
    if (seen.status === 200) kept.set(key, seen)
    return seen
  })
  return { ...trace, observations }
}

/** Fields of the 304 are newer than those that are kept (RFC 9111 section 3.2); cookies were set once. */
function confirmed(kept: Observation, by: Observation): Observation {
  const { 'set-cookie': _, ...headers } = kept.headers
  const { status, body, startedAtMs } = kept
  return { ...by, status, body, startedAtMs, headers: { ...headers, ...by.headers } }
}
