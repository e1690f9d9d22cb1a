// A HAR file as browsers write it (http://www.softwareishard.com/blog/har-12-spec), read loosely: browsers differ.
import * as v from 'valibot'
import { flowError } from '../reading.ts'

export interface Pair {
  readonly name: string
  readonly value: string
}

export interface PostData {
  readonly mimeType: string
  readonly text?: string | undefined
  /** Not of the standard, but some recorders write it. */
  readonly encoding?: string | undefined
  readonly params: readonly {
    readonly name: string
    readonly value?: string | undefined
    readonly fileName?: string | undefined
    readonly contentType?: string | undefined
  }[]
}

export interface Entry {
  readonly startedDateTime: string
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: readonly Pair[]
    readonly cookies: readonly Pair[]
    readonly postData?: PostData | undefined
  }
  readonly response: {
    /** 0: no answer came. */
    readonly status: number
    readonly headers: readonly Pair[]
    readonly content: {
      readonly mimeType: string
      readonly text?: string | undefined
      readonly encoding?: string | undefined
    }
    readonly redirectURL: string
  }
  /** Of Drover's own recordings: who asked. */
  readonly _client?: string | undefined
  /** Of Chrome: what the browser asked it for. */
  readonly _resourceType?: string | undefined
  readonly _webSocketMessages?:
    | readonly { readonly type: string; readonly data: string; readonly opcode: number }[]
    | undefined
}

const text = v.fallback(v.string(), '')
const pairs = v.fallback(v.array(v.object({ name: v.string(), value: text })), [])

const postData = v.object({
  mimeType: text,
  text: v.optional(v.string()),
  encoding: v.optional(v.string()),
  params: v.fallback(
    v.array(
      v.object({
        name: v.string(),
        value: v.optional(v.string()),
        fileName: v.optional(v.string()),
        contentType: v.optional(v.string()),
      }),
    ),
    [],
  ),
})

const content = v.object({ mimeType: text, text: v.optional(v.string()), encoding: v.optional(v.string()) })
const emptyContent = { mimeType: '' }

const entry: v.GenericSchema<unknown, Entry> = v.object({
  startedDateTime: text,
  request: v.object({
    method: v.pipe(v.string(), v.toUpperCase()),
    url: v.string(),
    headers: pairs,
    cookies: pairs,
    postData: v.fallback(v.optional(postData), undefined),
  }),
  response: v.object({
    status: v.fallback(v.number(), 0),
    headers: pairs,
    content: v.fallback(content, emptyContent),
    redirectURL: text,
  }),
  _client: v.fallback(v.optional(v.string()), undefined),
  _resourceType: v.optional(v.string()),
  _webSocketMessages: v.fallback(
    v.optional(v.array(v.object({ type: v.string(), data: text, opcode: v.fallback(v.number(), 1) }))),
    undefined,
  ),
})

const recording = v.object({ log: v.object({ entries: v.array(v.unknown()) }) })

/** In the order in which they were asked; what is no entry is left out. OPTION_INVALID where it is no recording at all. */
export function parseEntries(source: string, name: string): readonly Entry[] {
  const read = v.safeParse(recording, jsonOf(source, name))
  if (!read.success) throw flowError(name, 'Cannot use it as a recording: wanted a HAR file with log.entries')
  const entries = read.output.log.entries.flatMap((raw) => {
    const one = v.safeParse(entry, raw)
    return one.success ? [one.output] : []
  })
  return entries.toSorted((left, right) => timeOf(left) - timeOf(right))
}

function jsonOf(source: string, name: string): unknown {
  try {
    return JSON.parse(source)
  } catch (error) {
    throw flowError(name, `Cannot read it: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Entries without a time keep their place. */
function timeOf({ startedDateTime }: Entry): number {
  const time = Date.parse(startedDateTime)
  return Number.isNaN(time) ? 0 : time
}

export function headerOf(headers: Entry['request']['headers'], name: string): string | undefined {
  return headers.find((header) => header.name.toLowerCase() === name)?.value
}

export function bodyText({
  text: body = '',
  encoding,
}: {
  readonly text?: string | undefined
  readonly encoding?: string | undefined
}): string {
  return encoding === 'base64' ? Buffer.from(body, 'base64').toString('utf8') : body
}
