// What a proof that broke off comes to: no verdict, and a reason. Nothing that goes wrong in Drover may look like a finding.
import type { ProofRun, ProveRequest } from '../../prove/request.ts'

export function undecided({ seed }: ProveRequest, why: string, durationMs: number): ProofRun {
  return {
    proof: {
      seed,
      verdict: { verdict: 'could-not-judge', why },
      coverage: { driven: [], undriven: undefined },
      limits: [],
      hints: [],
      durationMs,
    },
    flow: { clients: [], steps: [] },
    showings: [],
  }
}
