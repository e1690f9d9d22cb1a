// The line of a cause that was only concluded, or seen by its files alone, where the sources have one place alone that is of its kind.
import type { Cause, CodePlace, Hint, Kind, Verdict } from '../finding.ts'
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

function unbuilt(cause: Cause, hints: readonly Hint[]): Cause {
  const from = cause.declaredAt === undefined ? undefined : builtFrom(cause.declaredAt, cause, hints)
  if (from === undefined) return cause
  const holder = from.holder ?? cause.holder
  return { ...cause, holder, declaredAt: from.at, writtenAt: undefined, placeFrom: 'sources' }
}

/**
 * What a build without a map has kept: the name, or where names are shortened what stands around it. One place in the sources alone must have it.
 * Undefined also where the place is of no build.
 */
export function builtFrom(
  place: CodePlace,
  { kind, holder }: Pick<Cause, 'kind' | 'holder'>,
  hints: readonly Hint[],
): Hint | undefined {
  if (!isLeftOut(place.file)) return undefined
  const ofKind = hints.filter((hint) => hint.kind === kind)
  const found =
    place.column === undefined
      ? ofKind.filter((hint) => hint.holder === holder)
      : mostAlike(marksOf(place.text ?? ''), ofKind)
  return found.length === 1 ? found[0] : undefined
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
