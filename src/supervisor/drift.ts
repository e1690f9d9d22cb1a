// Finds what two instances of one version should have in common and have not (R6), by name: the values are not known here.

/** Name to keyed hash, as instances tell it. */
export type FingerprintHashes = Readonly<Record<string, string>>

export interface Drift {
  readonly name: string
  readonly kind: 'differs' | 'is missing' | 'is set only'
}

/** What is not the same on `other` as on the instance that came before it, `reference`; by name, in order of the alphabet. */
export function findDrift(reference: FingerprintHashes, other: FingerprintHashes): readonly Drift[] {
  const names = new Set([...Object.keys(reference), ...Object.keys(other)])
  return [...names].toSorted().flatMap((name) => {
    const kind = kindOf(hashIn(reference, name), hashIn(other, name))
    return kind === undefined ? [] : [{ name, kind }]
  })
}

function kindOf(wanted: string | undefined, found: string | undefined): Drift['kind'] | undefined {
  if (wanted === found) return undefined
  if (found === undefined) return 'is missing'
  return wanted === undefined ? 'is set only' : 'differs'
}

/** Names are the app's: one may be that of something which every object has. */
function hashIn(hashes: FingerprintHashes, name: string): string | undefined {
  return Object.hasOwn(hashes, name) ? hashes[name] : undefined
}

const mostNamed = 5

/** Such as 'SESSION_KEYS differs on instance 3'; undefined where nothing drifted. */
export function describeDrift(drifts: readonly Drift[], id: string): string | undefined {
  if (drifts.length === 0) return undefined
  const named = drifts.slice(0, mostNamed).map(({ name, kind }) => `${shown(name)} ${kind} on instance ${id}`)
  const others = drifts.length - named.length
  return [...named, ...(others > 0 ? [`${others} more`] : [])].join(', ')
}

/** A name may be any text: one line, and short. */
function shown(name: string): string {
  return /^[\w .:-]{1,100}$/.test(name) ? name : JSON.stringify(name.slice(0, 100))
}
