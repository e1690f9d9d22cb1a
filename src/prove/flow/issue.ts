// Says what a flow file got wrong, at its line.
import type * as v from 'valibot'
import type { DroverError } from '../../base/errors.ts'
import { nearest } from '../../base/suggestion.ts'
import { keysOf, methods } from './file-schema.ts'
import type { Source, SourcePath } from './source.ts'

/** The problem to name first: a mistyped key explains what seems to be missing. */
function firstIssue(issues: readonly v.BaseIssue<unknown>[]): v.BaseIssue<unknown> | undefined {
  return issues.find(({ expected }) => expected === 'never') ?? issues[0]
}

/** In the words of what is wrong: a key that nothing has, a method that does not exist, something missing, a value not wanted. */
export function issueError(
  source: Source,
  at: SourcePath,
  issues: readonly v.BaseIssue<unknown>[],
  keys: readonly string[],
): DroverError {
  const issue = firstIssue(issues)
  if (issue === undefined) return source.refuse(at, 'Cannot use it')
  const inner = (issue.path ?? []).map((step) => String(step.key))
  const last = inner.at(-1) ?? ''
  const refuse = (problem: string) => source.refuse([...at, ...inner], problem)
  if (issue.expected === 'never') return refuse(unknownKey(last, inner, keys))
  if (issue.type === 'picklist') return refuse(unknownMethod(String(issue.input)))
  if (issue.received === 'undefined')
    return refuse(`Cannot use ${at.length === 0 ? 'it as a flow' : 'this step'}: ${last} is missing`)
  const wanted = issue.message.startsWith('Invalid ') ? (issue.expected ?? 'another value') : issue.message
  return refuse(`Cannot use ${inner.join('.')} ${shown(issue.input)}: wanted ${wanted}`)
}

function unknownKey(key: string, inner: readonly string[], keys: readonly string[]): string {
  const [outer = ''] = inner
  const names = inner.length > 1 ? innerKeys(outer, inner, keys) : keys
  const near = nearest(key, names)
  const hint = near === undefined ? `wanted one of ${names.join(', ')}` : `did you mean ${near}?`
  return `Cannot use ${key}: there is no such key, ${hint}`
}

function innerKeys(outer: string, inner: readonly string[], keys: readonly string[]): readonly string[] {
  if (outer === 'capture') return keysOf.capture
  if (outer === 'multipart') return keysOf.part
  if (outer === 'expect') return keys.includes('connect') ? keysOf.message : keysOf.expect
  return inner
}

function unknownMethod(given: string): string {
  const near = nearest(given, methods)
  const hint = near === undefined ? `wanted one of ${methods.join(', ')}` : `did you mean ${near}?`
  return `Cannot use method ${given}: ${hint}`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
