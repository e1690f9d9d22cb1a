// Flows in a line a step: `POST /login {"name":"ann"} -> token=json:token`; `bob GET /cart` for another client than `ann`.
import type { Capture, Flow, Step } from '../../../src/prove/flow/flow.ts'

export function flowOf(...lines: readonly string[]): Flow {
  const steps = lines.map(stepOf)
  const clients = new Set(steps.flatMap((step) => (step.kind === 'wait' ? [] : [step.client])))
  return { clients: [...clients], steps }
}

const pattern =
  /^(?:(?<client>[a-z]+) )?(?<method>[A-Z]+) (?<path>\S+)(?: (?<body>[{[].*?[}\]]|form:\S+))?(?: auth:(?<auth>\S+))?(?: -> (?<name>\w+)=(?<from>json|regex|header):(?<what>.+))?$/

function stepOf(line: string, index: number): Step {
  const wait = /^wait (\d+)$/.exec(line)
  const origin = `step ${index + 1}`
  if (wait !== null) return { kind: 'wait', waitMs: Number(wait[1]), origin }
  const groups = pattern.exec(line)?.groups
  if (groups === undefined) throw new Error(`no step: ${line}`)
  const { client = 'ann', method = '', path = '', body, auth, name, from, what = '' } = groups
  return {
    kind: 'http',
    client,
    method,
    path,
    origin,
    headers: auth === undefined ? {} : { authorization: `Bearer ${auth}` },
    body: bodyOf(body),
    capture: name === undefined ? {} : { [name]: captureOf(from, what) },
    expect: { status: undefined, includes: undefined },
  }
}

function bodyOf(body: string | undefined): Extract<Step, { kind: 'http' }>['body'] {
  if (body === undefined) return undefined
  if (!body.startsWith('form:')) return { kind: 'json', value: JSON.parse(body) }
  return { kind: 'form', fields: Object.fromEntries(new URLSearchParams(body.slice('form:'.length))) }
}

function captureOf(from: string | undefined, what: string): Capture {
  if (from === 'json') return { from, path: what }
  return from === 'header' ? { from, name: what } : { from: 'regex', pattern: what }
}
