// Objects of JSON and YAML: names with values.

export type Mapping = Readonly<Record<string, unknown>>

/** An object, and no list. */
export function isMapping(value: unknown): value is Mapping {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
