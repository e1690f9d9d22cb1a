// The line of a cause that was only concluded, where the sources have one place alone that is of its kind.
import type { Cause, Hint, Verdict } from '../finding.ts'

/** The cause stays concluded, and says where its line is from. */
export function withHintedPlaces(verdict: Verdict, hints: readonly Hint[]): Verdict {
  if (verdict.verdict !== 'stateful') return verdict
  const findings = verdict.findings.map((finding) => ({ ...finding, cause: hinted(finding.cause, hints) }))
  return { ...verdict, findings }
}

function hinted(cause: Cause, hints: readonly Hint[]): Cause {
  if (cause.evidence === 'observed' || cause.declaredAt !== undefined || cause.writtenAt !== undefined)
    return cause
  const [only, ...others] = hints.filter(({ kind }) => kind === cause.kind)
  if (only === undefined || others.length > 0) return cause
  return { ...cause, declaredAt: only.at, placeFrom: 'sources' }
}
