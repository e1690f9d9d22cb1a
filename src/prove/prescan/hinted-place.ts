// The line of a cause that was only concluded, or seen by its files alone, where the sources have one place alone that is of its kind.
import type { Cause, Hint, Kind, Verdict } from '../finding.ts'
import { isLeftOut } from './sources.ts'

const ofFiles: ReadonlySet<Kind> = new Set(['local-file', 'local-sqlite', 'upload-directory'])

/** The cause is as sure as before, and says where its line is from. */
export function withHintedPlaces(verdict: Verdict, hints: readonly Hint[]): Verdict {
  if (verdict.verdict !== 'stateful') return verdict
  const findings = verdict.findings.map((finding) => ({ ...finding, cause: hinted(finding.cause, hints) }))
  return { ...verdict, findings }
}

function hinted(cause: Cause, hints: readonly Hint[]): Cause {
  if (cause.declaredAt !== undefined && isLeftOut(cause.declaredAt.file)) return unbuilt(cause, hints)
  if (cause.declaredAt !== undefined || cause.writtenAt !== undefined) return cause
  if (cause.evidence === 'observed' && !ofFiles.has(cause.kind)) return cause
  const kind = kindBy(cause, hints)
  const [only, ...others] = hints.filter((hint) => hint.kind === kind)
  if (only === undefined || others.length > 0) return cause
  return { ...cause, kind, declaredAt: only.at, placeFrom: 'sources' }
}

/** A build without a map keeps names, as a rule: the only place in the sources that has this one is what a person edits. */
function unbuilt(cause: Cause, hints: readonly Hint[]): Cause {
  const [only, ...others] = hints.filter(({ kind, holder }) => kind === cause.kind && holder === cause.holder)
  if (only === undefined || others.length > 0) return cause
  return { ...cause, declaredAt: only.at, writtenAt: undefined, placeFrom: 'sources' }
}

/** By how it differs, these cannot be told apart; the sources may have but one of them. */
const lookAlikes: Partial<Record<Kind, readonly Kind[]>> = {
  'module-state': ['in-process-cache'],
  'per-process-secret': ['module-state', 'in-process-cache'],
}

function kindBy({ kind, evidence }: Cause, hints: readonly Hint[]): Kind {
  const isIn = (one: Kind): boolean => hints.some((hint) => hint.kind === one)
  if (evidence === 'observed' || isIn(kind)) return kind
  const [only = kind, ...others] = (lookAlikes[kind] ?? []).filter(isIn)
  return others.length > 0 ? kind : only
}
