// The line of a cause that was only concluded, or seen by its files alone, where the sources have one place alone that is of its kind.
import type { Cause, Hint, Kind, Verdict } from '../finding.ts'
import { likeness, marksOf } from './marks.ts'
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

/** What a build without a map has kept: the name, or where names are shortened what stands around it. One place in the sources alone must have it. */
function unbuilt(cause: Cause, hints: readonly Hint[]): Cause {
  const ofKind = hints.filter(({ kind }) => kind === cause.kind)
  const built = cause.declaredAt
  const found =
    built?.column === undefined
      ? ofKind.filter(({ holder }) => holder === cause.holder)
      : mostAlike(marksOf(built.text ?? ''), ofKind)
  const [only, ...others] = found
  if (only === undefined || others.length > 0) return cause
  const holder = only.holder ?? cause.holder
  return { ...cause, holder, declaredAt: only.at, writtenAt: undefined, placeFrom: 'sources' }
}

const alike = 0.7
const lead = 0.2

function mostAlike(marks: readonly string[], hints: readonly Hint[]): readonly Hint[] {
  const likenessOf = (hint: Hint): number => likeness(marks, hint.marks ?? [])
  const best = Math.max(...hints.map(likenessOf))
  return best < alike ? [] : hints.filter((hint) => likenessOf(hint) > best - lead)
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
