// What happens when two servers change one field of a session at once: a rule per field, declared in one place.
import { DroverError } from '../base/errors.ts'
import { durationOption } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import type { FieldTexts } from './fields.ts'

/** A field as this request found it, as this request made it, and as another server made it meanwhile. */
export interface Versions<Value> {
  readonly base: Value | undefined
  readonly mine: Value | undefined
  readonly theirs: Value | undefined
}

/**
 * What happens when two servers change a field at once:
 * - `'last-write'` (default): the later save wins.
 * - `'counter'`: a whole number; what each request added to it is added up.
 * - `'set'`: an array whose items matter, not their order; items that either side added or removed are added and removed.
 * - `{ merge }`: called with the three versions, again for each conflict, until its result could be written. No side effects.
 * - `{ lease }`: changed only by `session.update`, one request at a time: others wait for up to the lease's duration.
 */
export type ConflictRule<Value = unknown> =
  | 'last-write'
  | 'counter'
  | 'set'
  // A method, so that a rule for one type of value may stand where rules of any type are kept.
  | { merge(versions: Versions<Value>): Value | undefined }
  | { readonly lease: Duration }

/** One rule per field of `Data`; fields without one are last-write. */
export type ConflictRules<Data extends object = Record<string, unknown>> = {
  readonly [Name in keyof Data]?: ConflictRule<NonNullable<Data[Name]>>
}

/** A rule as it is applied. exact: whoever is second yields; only for fields of Drover's own. */
export type FieldRule =
  | { readonly kind: 'last-write' }
  | { readonly kind: 'counter' }
  | { readonly kind: 'merge'; merge(versions: Versions<unknown>): unknown }
  | { readonly kind: 'lease'; readonly leaseMs: number }
  | { readonly kind: 'exact' }

export const lastWrite: FieldRule = { kind: 'last-write' }
const setRule: FieldRule = { kind: 'merge', merge: mergeSets }

/** Names that begin so are Drover's own; an app's data cannot have them. */
export const ownPrefix = 'drover:'
/** Pieces of news for the next page; each is an item of one set. */
export const flashField = 'drover:flash'
export const csrfField = 'drover:csrf'
export const versionField = 'drover:version'
/** How often the session got a new id: two requests that renew at once must not both do it. */
export const renewalsField = 'drover:renewals'
/** Leads from another library's session to the one that took it over. */
export const pointerField = 'drover:successor'
/** Begins the fields of commits that carried an idempotency key. */
export const oncePrefix = 'drover:once:'
/** Begins the fields of leases, which are never encrypted. */
export const leasePrefix = 'drover:lease:'

export type RuleOf = (name: string) => FieldRule

/** Checks the declared rules; throws OPTION_INVALID naming the field. */
export function readRules(rules: unknown): RuleOf {
  if (rules === undefined) return ruleOfOwn
  if (typeof rules !== 'object' || rules === null)
    throw new DroverError(
      'OPTION_INVALID',
      `Cannot use conflicts of type ${typeof rules}: wanted a rule per field`,
    )
  const declared = new Map(Object.entries(rules).map(([name, rule]) => [name, readRule(name, rule)]))
  return (name) => declared.get(name) ?? ruleOfOwn(name)
}

function readRule(name: string, rule: unknown): FieldRule {
  if (rule === 'last-write' || rule === undefined) return lastWrite
  if (rule === 'counter') return { kind: 'counter' }
  if (rule === 'set') return setRule
  if (typeof rule === 'object' && rule !== null) {
    if ('lease' in rule)
      return { kind: 'lease', leaseMs: durationOption(`conflicts.${name}.lease`, rule.lease) }
    if (isMerging(rule)) return { kind: 'merge', merge: (versions) => rule.merge(versions) }
  }
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot use conflicts.${name}: wanted 'last-write', 'counter', 'set', { merge } or { lease }`,
  )
}

function isMerging(rule: object): rule is { merge(versions: Versions<unknown>): unknown } {
  return 'merge' in rule && typeof rule.merge === 'function'
}

function ruleOfOwn(name: string): FieldRule {
  if (!name.startsWith(ownPrefix)) return lastWrite
  if (name === flashField) return setRule
  return name === renewalsField || name.startsWith(oncePrefix) ? { kind: 'exact' } : lastWrite
}

/** Items are the same when their JSON is. */
export function mergeSets({ base, mine, theirs }: Versions<unknown>): unknown {
  const [before, now, other] = [textsOf(base), textsOf(mine), textsOf(theirs)]
  const result = new Map(other)
  for (const text of before.keys()) if (!now.has(text)) result.delete(text)
  for (const [text, item] of now) if (!before.has(text)) result.set(text, item)
  return [...result.values()]
}

function textsOf(value: unknown): Map<string, unknown> {
  return new Map(Array.isArray(value) ? value.map((item) => [JSON.stringify(item), item]) : [])
}

/** What of this request's texts stands on top of what another server saved. */
export interface Rebased {
  readonly texts: FieldTexts
  /** 'exact' fields in which the other server was first. */
  readonly yielded: readonly string[]
}

/** Applies this request's changes (from `base` to `mine`) to `theirs`, each field by its rule. */
export function rebase(base: FieldTexts, mine: FieldTexts, theirs: FieldTexts, ruleOf: RuleOf): Rebased {
  const texts = new Map(theirs)
  const yielded: string[] = []
  for (const name of new Set([...base.keys(), ...mine.keys()])) {
    const [before, now, other] = [base.get(name), mine.get(name), theirs.get(name)]
    if (now === before) continue
    const rule = ruleOf(name)
    if (rule.kind === 'exact' && other !== before) {
      yielded.push(name)
      continue
    }
    const text = other === before ? now : mergedText(rule, before, now, other)
    if (text === undefined) texts.delete(name)
    else texts.set(name, text)
  }
  return { texts, yielded }
}

function mergedText(rule: FieldRule, base?: string, mine?: string, theirs?: string): string | undefined {
  if (rule.kind !== 'merge' && rule.kind !== 'counter') return mine
  const versions = { base: parse(base), mine: parse(mine), theirs: parse(theirs) }
  const merged = rule.kind === 'merge' ? rule.merge(versions) : addUp(versions)
  return merged === undefined ? undefined : JSON.stringify(merged)
}

function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text)
}

function addUp({ base, mine, theirs }: Versions<unknown>): unknown {
  // Removing a counter starts it anew.
  return mine === undefined ? undefined : numberOf(theirs) + numberOf(mine) - numberOf(base)
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

/** Changed fields, as a commit sends them. */
export interface Draft {
  readonly set: FieldTexts
  readonly remove: ReadonlySet<string>
  readonly add: ReadonlyMap<string, number>
  /** Changed fields that may only be written over what this request found. */
  readonly expected: ReadonlySet<string>
}

/**
 * The difference between what was found and what is now, each field by its rule. `canAdd`: the store sees plain numbers.
 * Throws SESSION_VALUE_INVALID for a counter that is no whole number, and for a leased field changed without its lease.
 */
export function draftOf(base: FieldTexts, current: FieldTexts, ruleOf: RuleOf, canAdd: boolean): Draft {
  const set = new Map<string, string>()
  const remove = new Set<string>()
  const add = new Map<string, number>()
  const expected = new Set<string>()
  for (const [name, text] of current) {
    const before = base.get(name)
    if (text === before) continue
    const rule = ruleOf(name)
    checkRule(rule, name, text)
    const difference = rule.kind === 'counter' && canAdd ? differenceOf(before, text) : undefined
    if (difference === undefined) set.set(name, text)
    else add.set(name, difference)
    if (rule.kind === 'merge' || rule.kind === 'exact' || (rule.kind === 'counter' && !canAdd))
      expected.add(name)
  }
  for (const name of base.keys()) {
    if (current.has(name)) continue
    const rule = ruleOf(name)
    if (rule.kind === 'lease') throw withoutLease(name)
    remove.add(name)
    if (rule.kind === 'merge') expected.add(name)
  }
  return { set, remove, add, expected }
}

function checkRule(rule: FieldRule, name: string, text: string): void {
  if (rule.kind === 'lease') throw withoutLease(name)
  if (rule.kind === 'counter' && !Number.isSafeInteger(JSON.parse(text))) {
    throw new DroverError(
      'SESSION_VALUE_INVALID',
      `Cannot keep counter ${JSON.stringify(name)}: wanted a whole number`,
    )
  }
}

/** What was added to a counter; undefined when what stands there is no number, and is to be overwritten. */
function differenceOf(before: string | undefined, text: string): number | undefined {
  const from: unknown = before === undefined ? 0 : JSON.parse(before)
  return Number.isSafeInteger(from) ? Number(text) - Number(from) : undefined
}

function withoutLease(name: string): DroverError {
  return new DroverError(
    'SESSION_VALUE_INVALID',
    `Cannot change session field ${JSON.stringify(name)}: it is under a lease, wanted session.update(${JSON.stringify(name)}, …)`,
  )
}

export function isEmptyDraft(draft: Draft): boolean {
  return draft.set.size + draft.remove.size + draft.add.size === 0
}
