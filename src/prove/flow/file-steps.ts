// One written step → the steps it stands for: shorthands spelled out, repeats unrolled.
import { basename, resolve } from 'node:path'
import * as v from 'valibot'
import { isMapping, type Mapping } from '../../base/mapping.ts'
import {
  keysOf,
  limits,
  pauseSchema,
  requestSchema,
  socketSchema,
  type WrittenCapture,
  type WrittenPart,
  type WrittenRequest,
  type WrittenSocket,
} from './file-schema.ts'
import type { Capture, HttpStep, Part, Step, StepBody, WebSocketStep } from './flow.ts'
import { issueError } from './issue.ts'
import { reasonOf, readUpload } from './reading.ts'
import type { Source, SourcePath } from './source.ts'

export interface Place {
  readonly source: Source
  readonly path: SourcePath
  readonly value: unknown
  /** Those that the file declares; undefined: whoever acts. */
  readonly clients: readonly string[] | undefined
  /** What files to be sent are relative to. */
  readonly folder: string
}

const requestLine = /^\s*([A-Za-z]+)\s+(\S+)\s*$/
const messageWithinMs = 5_000

/** `path`: where its keys are. */
export function stepsOf(place: Place): { readonly path: SourcePath; readonly steps: readonly Step[] } {
  const { path, keys } = spelledOut(place)
  const at = { ...place, path }
  const once = onceOf(at, keys)
  const times = typeof keys['repeat'] === 'number' ? keys['repeat'] : 1
  return { path, steps: Array.from({ length: times }, () => once).flat() }
}

/** `GET /cart` and `POST /cart: { form: … }` as the keys they stand for. */
function spelledOut({ source, path, value }: Place): { readonly path: SourcePath; readonly keys: Mapping } {
  if (typeof value === 'string') {
    const [, method, asked] = requestLine.exec(value) ?? []
    if (method === undefined)
      throw source.refuse(path, `Cannot use step ${JSON.stringify(value)}: wanted such as GET /cart`)
    return { path, keys: { method, path: asked } }
  }
  if (!isMapping(value))
    throw source.refuse(path, 'Cannot use this step: wanted such as GET /cart, or { method, path }')
  const [first, second] = Object.entries(value)
  const [line, inner] = first ?? ['', null]
  const [, method, asked] = second === undefined ? (requestLine.exec(line) ?? []) : []
  if (method === undefined) return { path, keys: value }
  if (inner !== null && !isMapping(inner))
    throw source.refuse([...path, line], `Cannot use ${line}: wanted keys such as form and capture below it`)
  return { path: [...path, line], keys: { ...inner, method, path: asked } }
}

function onceOf(place: Place, keys: Mapping): readonly Step[] {
  if (Object.keys(keys).every((key) => key === 'wait' || key === 'repeat') && 'wait' in keys) {
    const { wait } = valid(place, pauseSchema, keys, keysOf.pause)
    return [{ kind: 'wait', waitMs: wait, origin: originOf(place) }]
  }
  const isSocket =
    ['connect', 'send', 'close', 'socket'].some((key) => key in keys) || isBareExpectation(keys)
  return isSocket
    ? socketSteps(place, valid(place, socketSchema, keys, keysOf.socket))
    : requestSteps(place, valid(place, requestSchema, keys, keysOf.request))
}

function isBareExpectation(keys: Mapping): boolean {
  return (
    'expect' in keys && Object.keys(keys).every((key) => ['expect', 'as', 'wait', 'repeat'].includes(key))
  )
}

function valid<T>(
  place: Place,
  schema: v.GenericSchema<unknown, T>,
  keys: Mapping,
  names: readonly string[],
): T {
  const read = v.safeParse(schema, keys)
  if (read.success) return read.output
  throw issueError(place.source, place.path, read.issues, names)
}

function requestSteps(place: Place, written: WrittenRequest): readonly Step[] {
  const step: HttpStep = {
    kind: 'http',
    client: clientOf(place, written.as),
    origin: originOf(place),
    method: written.method,
    path: written.path,
    headers: written.headers,
    body: bodyOf(place, written),
    capture: Object.fromEntries(
      Object.entries(written.capture).map(([name, from]) => [name, captureOf(from)]),
    ),
    expect: { status: written.expect?.status, includes: written.expect?.includes },
  }
  return [...pauseBefore(place, written.wait), step]
}

/** Waiting comes before the request. */
function pauseBefore(place: Place, waitMs: number | undefined): readonly Step[] {
  return waitMs === undefined ? [] : [{ kind: 'wait', waitMs, origin: originOf(place) }]
}

function bodyOf(place: Place, written: WrittenRequest): StepBody | undefined {
  const { source, path } = place
  const given = (['body', 'form', 'multipart', 'text'] as const).filter((key) => written[key] !== undefined)
  const [first, second] = given
  if (second !== undefined)
    throw source.refuse(
      [...path, second],
      `Cannot use ${given.join(' and ')} at once: a request has one body`,
    )
  if (written.type !== undefined && first !== 'text')
    throw source.refuse([...path, 'type'], 'Cannot use type: it belongs to text')
  if (written.body !== undefined) return { kind: 'json', value: written.body }
  if (written.form !== undefined) return { kind: 'form', fields: written.form }
  if (written.multipart !== undefined) return { kind: 'multipart', parts: partsOf(place, written.multipart) }
  return written.text === undefined
    ? undefined
    : { kind: 'text', text: written.text, type: written.type ?? 'text/plain; charset=utf-8' }
}

function partsOf(place: Place, written: NonNullable<WrittenRequest['multipart']>): readonly Part[] {
  const listed = isListed(written)
    ? written
    : Object.entries(written).map(([name, part]) => Object.assign({}, part, { name }))
  return listed.map((part, index) => partOf(place, isListed(written) ? index : part.name, part))
}

/** `key`: where it is below `multipart`. */
function partOf(
  { source, path, folder }: Place,
  key: number | string,
  { name, value, base64, file, filename, type }: WrittenPart & { readonly name: string },
): Part {
  const at = [...path, 'multipart', key]
  const given = Object.entries({ value, base64, file }).flatMap(([one, has]) =>
    has === undefined ? [] : [one],
  )
  if (given.length > 1)
    throw source.refuse(at, `Cannot use ${given.join(' and ')} at once: a part has one content`)
  if (file === undefined)
    return base64 === undefined
      ? { name, value: value ?? '', filename, type }
      : { name, value: base64, encoding: 'base64', filename, type }
  try {
    const bytes = readUpload(resolve(folder, file), limits.uploadBytes)
    return {
      name,
      value: bytes.toString('base64'),
      encoding: 'base64',
      filename: filename ?? basename(file),
      type,
    }
  } catch (error) {
    throw source.refuse([...at, 'file'], `Cannot send ${file}: ${reasonOf(error)}`)
  }
}

function isListed<T>(written: readonly T[] | Readonly<Record<string, unknown>>): written is readonly T[] {
  return Array.isArray(written)
}

/** `$.items[0].id` means what `items.0.id` means. */
function captureOf({ json, regex, header }: WrittenCapture): Capture {
  if (json !== undefined) {
    const path = json.replace(/^\$\.?/, '').replaceAll(/\[(?:"([^"]*)"|'([^']*)'|(\d+))\]/g, '.$1$2$3')
    return { from: 'json', path: path.replace(/^\./, '') }
  }
  if (regex !== undefined) return { from: 'regex', pattern: regex }
  return { from: 'header', name: (header ?? '').toLowerCase() }
}

/** Connects, sends, expects and closes in this order, whichever of them a step names. */
function socketSteps(place: Place, written: WrittenSocket): readonly Step[] {
  const { connect, headers, send, expect, close } = written
  const acting = {
    kind: 'websocket',
    client: clientOf(place, written.as),
    origin: originOf(place),
    socket: written.socket ?? 'socket',
  } as const
  const steps: WebSocketStep[] = []
  if (connect !== undefined) steps.push({ ...acting, action: { do: 'connect', path: connect, headers } })
  if (send !== undefined) {
    const text = typeof send === 'string' ? send : JSON.stringify(send)
    steps.push({ ...acting, action: { do: 'send', text } })
  }
  if (expect !== undefined) {
    const withinMs = expect.within ?? messageWithinMs
    steps.push({ ...acting, action: { do: 'expect', includes: expect.includes, withinMs } })
  }
  if (close !== undefined) steps.push({ ...acting, action: { do: 'close' } })
  if (steps.length === 0)
    throw place.source.refuse(place.path, 'Cannot use this step: wanted connect, send, expect or close')
  return [...pauseBefore(place, written.wait), ...steps]
}

function clientOf({ source, path, clients }: Place, name: string | undefined): string {
  const client = name ?? clients?.[0] ?? 'visitor'
  if (clients !== undefined && !clients.includes(client))
    throw source.refuse([...path, 'as'], `Cannot use as ${client}: wanted one of ${clients.join(', ')}`)
  return client
}

function originOf({ source, path }: Place): string {
  return source.place(path)
}
