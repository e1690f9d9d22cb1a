// `${name}` in a step: what an earlier step captured.
import type { HttpStep, Step, StepBody } from './flow.ts'

const variable = /\$\{([A-Za-z_][\w-]*)\}/g

export const variableName: RegExp = /^[A-Za-z_][\w-]*$/

/** The names in `text`, in their order. */
function variablesIn(text: string): readonly string[] {
  return [...text.matchAll(variable)].map(([, name = '']) => name)
}

/** Replaces what is known; a name that is not known stays as it is written, for it may be the app's own. */
export function substitute(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(variable, (written, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? written) : written,
  )
}

/** Replaces in every text of a value that JSON can say; keys stay. */
export function substituteDeep(value: unknown, values: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return substitute(value, values)
  if (Array.isArray(value)) return value.map((item) => substituteDeep(item, values))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, substituteDeep(inner, values)]))
}

/**
 * The path and query to ask for, of a path whose variables were replaced. A captured Location is often a whole address, of
 * the instance that gave it: only its path counts.
 */
export function requestPath(path: string): string {
  const address = /^https?:\/\//i.test(path) ? URL.parse(path) : null
  if (address !== null) return address.pathname + address.search
  return path.startsWith('/') ? path : `/${path}`
}

export interface VariableUse {
  readonly name: string
  /** Where in the step as a flow file writes it: `['headers', 'authorization']`. */
  readonly at: readonly string[]
}

/** Every variable that a step needs. */
export function variablesOf(step: Step): readonly VariableUse[] {
  if (step.kind === 'wait') return []
  if (step.kind === 'http') return requestUses(step)
  const { action } = step
  if (action.do === 'close' || action.do === 'listen') return []
  if (action.do === 'send') return uses(['send'], action.text)
  if (action.do === 'expect') return uses(['expect'], action.includes)
  return [...uses(['connect'], action.path), ...headerUses(action.headers)]
}

function requestUses({ path, headers, body, expect }: HttpStep): readonly VariableUse[] {
  return [
    ...uses(['path'], path),
    ...headerUses(headers),
    ...bodyUses(body),
    ...uses(['expect', 'includes'], expect.includes ?? ''),
  ]
}

function headerUses(headers: Readonly<Record<string, string>>): readonly VariableUse[] {
  return Object.entries(headers).flatMap(([name, value]) => uses(['headers', name], value))
}

function bodyUses(body: StepBody | undefined): readonly VariableUse[] {
  if (body === undefined) return []
  if (body.kind === 'text') return uses(['text'], body.text)
  if (body.kind === 'json') return uses(['body'], JSON.stringify(body.value) ?? '')
  if (body.kind === 'form')
    return Object.entries(body.fields).flatMap(([name, value]) => uses(['form', name], value))
  return body.parts.flatMap(({ name, value, encoding }) =>
    encoding === undefined ? uses(['multipart', name], value) : [],
  )
}

function uses(at: readonly string[], text: string): readonly VariableUse[] {
  return variablesIn(text).map((name) => ({ name, at }))
}
