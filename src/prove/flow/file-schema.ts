// What a flow file may say, and what each key wants. schema/flow.schema.json tells editors the same; a test compares the two.
import * as v from 'valibot'
import { isMapping } from '../../base/mapping.ts'
import { variableName } from './variables.ts'

export const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

interface Limits {
  readonly repeat: number
  readonly steps: number
  readonly waitMs: number
  readonly fileBytes: number
  readonly uploadBytes: number
}

interface Shared {
  readonly as?: string | undefined
  readonly repeat?: number | undefined
  readonly wait?: number | undefined
}

export interface WrittenRequest extends Shared {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly form?: Readonly<Record<string, string>> | undefined
  readonly multipart?:
    | readonly (WrittenPart & { readonly name: string })[]
    | Readonly<Record<string, WrittenPart>>
    | undefined
  readonly text?: string | undefined
  readonly type?: string | undefined
  readonly capture: Readonly<Record<string, WrittenCapture>>
  readonly expect?:
    | { readonly status?: number | undefined; readonly includes?: string | undefined }
    | undefined
}

export interface WrittenCapture {
  readonly json?: string | undefined
  readonly regex?: string | undefined
  readonly header?: string | undefined
}

export interface WrittenPart {
  readonly name?: string | undefined
  readonly value?: string | undefined
  readonly base64?: string | undefined
  readonly file?: string | undefined
  readonly filename?: string | undefined
  readonly type?: string | undefined
}

export interface WrittenSocket extends Shared {
  readonly connect?: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly send?: unknown
  readonly expect?: { readonly includes: string; readonly within?: number | undefined } | undefined
  readonly close?: true | undefined
  readonly socket?: string | undefined
}

export interface WrittenPause {
  readonly wait: number
  readonly repeat?: number | undefined
}

export interface WrittenHead {
  readonly clients?: readonly string[] | undefined
  readonly steps: readonly unknown[]
}

/** Above it, a flow is no longer one that somebody reads. */
export const limits: Limits = {
  repeat: 1000,
  steps: 2000,
  waitMs: 600_000,
  fileBytes: 1_048_576,
  uploadBytes: 16_777_216,
}

const method = v.pipe(v.string(), v.toUpperCase(), v.picklist(methods))
const path = v.message(
  v.pipe(v.string(), v.regex(/^(?:\/|\$\{)[^\s#]*$/)),
  'a path such as /cart, without the app’s address, blanks or #',
)
const waitMs = v.message(
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(limits.waitMs)),
  `milliseconds from 1 to ${limits.waitMs}`,
)
const repeat = v.message(
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(limits.repeat)),
  `a whole number from 1 to ${limits.repeat}`,
)
const status = v.message(
  v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(599)),
  'a status from 100 to 599',
)
const someText = v.message(v.pipe(v.string(), v.nonEmpty()), 'some text')
const clientName = v.message(v.pipe(v.string(), v.regex(/^[\w.-]{1,40}$/)), 'a name such as ann')
const socketName = v.message(
  v.union([clientName, path]),
  'a name such as chat, or the path of a stream of events',
)

/** Numbers and booleans as a person writes them in YAML: `quantity: 2`. */
const scalar = v.message(
  v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String)),
  'a text, number or boolean',
)
const headerText = v.message(v.pipe(scalar, v.regex(/^[^\r\n\0]*$/)), 'a text of one line')
const headers = v.message(
  v.record(
    v.message(v.pipe(v.string(), v.regex(/^[\w!#$%&'*+.^`|~-]+$/)), 'the name of a header'),
    headerText,
  ),
  'names and values of headers',
)

const pattern = v.pipe(
  someText,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    try {
      RegExp(dataset.value, 'u')
    } catch (error) {
      addIssue({
        message: `a regular expression (${error instanceof Error ? error.message : String(error)})`,
      })
    }
  }),
)
const capture = v.pipe(
  v.strictObject({ json: v.optional(someText), regex: v.optional(pattern), header: v.optional(someText) }),
  v.check((written) => Object.keys(written).length === 1, 'one of json, regex and header'),
)
const captures = v.record(
  v.message(v.pipe(v.string(), v.regex(variableName)), 'a name of letters, digits, - and _'),
  capture,
)

const base64 = v.message(
  v.pipe(v.string(), v.regex(/^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}(?:==)?|[A-Za-z\d+/]{3}=?)?$/)),
  'base64 without blanks',
)
const part = v.strictObject({
  name: v.optional(someText),
  value: v.optional(scalar),
  base64: v.optional(base64),
  file: v.optional(someText),
  filename: v.optional(someText),
  type: v.optional(someText),
})
const listedPart = v.strictObject({ ...part.entries, name: someText })
const parts = v.lazy((input) => (Array.isArray(input) ? v.array(listedPart) : namedParts))
const namedParts = v.record(
  v.string(),
  v.lazy((input) =>
    isMapping(input)
      ? part
      : v.pipe(
          scalar,
          v.transform((value) => ({ value })),
        ),
  ),
)

const expectation = v.lazy((input) =>
  isMapping(input)
    ? v.strictObject({ status: v.optional(status), includes: v.optional(someText) })
    : v.pipe(
        status,
        v.transform((wanted) => ({ status: wanted, includes: undefined })),
      ),
)
const expectedMessage = v.lazy((input) =>
  isMapping(input)
    ? v.strictObject({ includes: v.string(), within: v.optional(waitMs) })
    : v.pipe(
        v.string(),
        v.transform((includes) => ({ includes, within: undefined })),
      ),
)

const shared = { as: v.optional(clientName), repeat: v.optional(repeat), wait: v.optional(waitMs) }

const request = v.strictObject({
  method,
  path,
  headers: v.optional(headers, {}),
  body: v.optional(v.unknown()),
  form: v.optional(v.message(v.record(v.string(), scalar), 'names and values')),
  multipart: v.optional(parts),
  text: v.optional(v.message(v.string(), 'a text')),
  type: v.optional(someText),
  capture: v.optional(captures, {}),
  expect: v.optional(expectation),
  ...shared,
})

const socket = v.strictObject({
  connect: v.optional(path),
  headers: v.optional(headers, {}),
  send: v.optional(v.unknown()),
  expect: v.optional(expectedMessage),
  close: v.optional(v.message(v.literal(true), 'true')),
  socket: v.optional(socketName),
  ...shared,
})

const pause = v.strictObject({ wait: waitMs, repeat: v.optional(repeat) })

const head = v.strictObject({
  clients: v.optional(
    v.message(v.pipe(v.array(clientName), v.minLength(1)), 'a list of names such as [ann, bob]'),
  ),
  steps: v.message(v.array(v.unknown()), 'a list of steps'),
  $schema: v.optional(v.string()),
})

export const requestSchema: v.GenericSchema<unknown, WrittenRequest> = request
export const socketSchema: v.GenericSchema<unknown, WrittenSocket> = socket
export const pauseSchema: v.GenericSchema<unknown, WrittenPause> = pause
export const headSchema: v.GenericSchema<unknown, WrittenHead> = head

/** The keys of each kind of step, for suggestions and for the test that compares them with the JSON Schema. */
export const keysOf: Readonly<
  Record<
    'head' | 'request' | 'socket' | 'pause' | 'capture' | 'part' | 'expect' | 'message',
    readonly string[]
  >
> = {
  head: Object.keys(head.entries),
  request: Object.keys(request.entries),
  socket: Object.keys(socket.entries),
  pause: Object.keys(pause.entries),
  capture: ['json', 'regex', 'header'],
  part: Object.keys(part.entries),
  expect: ['status', 'includes'],
  message: ['includes', 'within'],
}
