// Flow files: steps that a person wrote down, as YAML or JSON.
import { basename, dirname } from 'node:path'
import * as v from 'valibot'
import { nearest } from '../../base/suggestion.ts'
import { type Place, stepsOf } from './file-steps.ts'
import { headSchema, keysOf, limits } from './file-schema.ts'
import type { Flow, Step } from './flow.ts'
import { issueError } from './issue.ts'
import { actingClients, flowError, readWithin } from './reading.ts'
import { parseSource, type Source, type SourcePath } from './source.ts'
import { variablesOf } from './variables.ts'

/** OPTION_INVALID in one line, such as `checkout.yaml:12: Cannot use methd: …`, where the file does not say a flow. */
export async function readFlowFile(path: string): Promise<Flow> {
  return parseFlow(await readWithin(path, limits.fileBytes), basename(path), dirname(path))
}

/** `name` is what messages and the steps' origins call the text; `folder` is where the files are that it sends. */
export function parseFlow(text: string, name: string, folder = '.'): Flow {
  const source = parseSource(text, name)
  const { clients, steps: written, at } = headOf(source)
  const places = written.map((value, index): Place => ({
    source,
    path: [...at, index],
    value,
    clients,
    folder,
  }))
  const steps: Step[] = []
  const known = new Set<string>()
  for (const place of places) {
    const { path, steps: made } = stepsOf(place)
    checkVariables({ ...place, path }, made, known)
    if (steps.length + made.length > limits.steps)
      throw source.refuse(place.path, `Cannot use more than ${limits.steps} steps, repeats included`)
    steps.push(...made)
  }
  const acting = actingClients(steps)
  if (acting.length === 0)
    throw flowError(name, 'Cannot use a flow without steps: wanted such as - GET /cart')
  return { clients: acting, steps }
}

interface Head {
  readonly clients: readonly string[] | undefined
  readonly steps: readonly unknown[]
  readonly at: SourcePath
}

function headOf(source: Source): Head {
  const { value } = source
  if (Array.isArray(value)) return { clients: undefined, steps: value, at: [] }
  if (value === null || typeof value !== 'object')
    throw flowError(source.name, 'Cannot use it as a flow: wanted a list of steps, or { clients, steps }')
  const read = v.safeParse(headSchema, value)
  if (!read.success) throw issueError(source, [], read.issues, keysOf.head)
  return { clients: read.output.clients, steps: read.output.steps, at: ['steps'] }
}

/** A variable must be captured by a step before the one that needs it. */
function checkVariables({ source, path }: Place, made: readonly Step[], known: Set<string>): void {
  for (const step of made) {
    for (const { name, at } of variablesOf(step)) {
      if (known.has(name)) continue
      const near = nearest(name, [...known])
      const hint = near === undefined ? 'no step before it captures that' : `did you mean \${${near}}?`
      throw source.refuse([...path, ...at], `Cannot use \${${name}}: ${hint}`)
    }
    if (step.kind === 'http') for (const name of Object.keys(step.capture)) known.add(name)
  }
}
