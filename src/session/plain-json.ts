// Whether a value comes back from JSON as it went. A Date that returns as a string, or NaN as null, is a bug that shows
// only on the next request; so it is refused where it is written.

/**
 * What in `value` JSON would change or drop, as words with the path to it ('a Date at .items[0].due'), or undefined.
 * Properties that are `undefined` are allowed: they come back missing, which reads the same.
 */
export function strayIn(value: unknown): string | undefined {
  return visit(value, '', new Set())
}

function visit(value: unknown, path: string, ancestors: Set<object>): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : say(String(value), path)
  if (typeof value !== 'object') return say(nameOf(value), path)
  if (ancestors.has(value)) return say('a circular reference', path)
  ancestors.add(value)
  const stray = Array.isArray(value)
    ? visitItems(value, path, ancestors)
    : visitObject(value, path, ancestors)
  ancestors.delete(value)
  return stray
}

function visitItems(items: readonly unknown[], path: string, ancestors: Set<object>): string | undefined {
  for (const [index, item] of items.entries()) {
    const stray = visit(item, `${path}[${index}]`, ancestors)
    if (stray !== undefined) return stray
  }
  return undefined
}

function visitObject(value: object, path: string, ancestors: Set<object>): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return say(nameOf(value), path)
  for (const [name, item] of Object.entries(value)) {
    const stray = item === undefined ? undefined : visit(item, `${path}.${name}`, ancestors)
    if (stray !== undefined) return stray
  }
  return undefined
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'undefined'
  return typeof value === 'object' ? `a ${value?.constructor.name ?? 'null'}` : `a ${typeof value}`
}

function say(what: string, path: string): string {
  return path === '' ? what : `${what} at ${path}`
}
