// Whether a value that an app hands over can do what is asked of it.

/** Whether `value` is an object with all of these methods, its own or inherited. */
export function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return names.every((name) => typeof Reflect.get(value, name) === 'function')
}
