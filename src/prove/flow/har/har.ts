// A recording → a flow: of one visitor where a browser made it.
import { basename } from 'node:path'
import type { Answer } from '../../drive/capture.ts'
import type { HttpStep, Step, WebSocketStep } from '../flow.ts'
import { actingClients, flowError, type Reading, readWithin } from '../reading.ts'
import { weave } from '../weave.ts'
import { recordedBody } from './bodies.ts'
import { bodyText, type Entry, headerOf, parseEntries } from './entries.ts'
import { carriedHeaders, originOf, scriptCookies, selectEntries } from './selection.ts'

const fileBytes = 200 * 2 ** 20
const maxSteps = 500

export interface HarOptions {
  /** Of the app while it was recorded; undefined: the first page's. */
  readonly origin: string | undefined
}

/** OPTION_INVALID in one line where the file holds no request to an app. */
export async function readHarFile(
  path: string,
  options: HarOptions = { origin: undefined },
): Promise<Reading> {
  return parseHar(await readWithin(path, fileBytes), basename(path), options)
}

export function parseHar(text: string, name: string, options: HarOptions = { origin: undefined }): Reading {
  const all = parseEntries(text, name)
  const origin = options.origin ?? originOf(all)
  if (origin === undefined) throw flowError(name, 'Cannot use the recording: it holds no request')
  const selected = selectEntries(all, origin)
  const entries = selected.slice(0, maxSteps)
  if (entries.length === 0)
    throw flowError(name, `Cannot use the recording: nothing in it was asked of ${origin}`)
  const skipped = [
    ...(all.length > selected.length
      ? [
          `${name}: left out ${all.length - selected.length} of ${all.length} requests: static files and other sites`,
        ]
      : []),
    ...(selected.length > maxSteps ? [`${name}: left out what comes after ${maxSteps} requests`] : []),
  ]
  const steps = stepsOf(entries, all, name)
  return { flow: { clients: actingClients(steps), steps }, skipped }
}

function stepsOf(entries: readonly Entry[], all: readonly Entry[], name: string): readonly Step[] {
  const requests = entries.filter((entry) => !isSocket(entry))
  const exchanges = requests.map((entry) => {
    const earlier = all.slice(0, all.indexOf(entry)).filter((one) => clientOf(one) === clientOf(entry))
    const cookie = scriptCookies(entry, earlier)
    return { step: stepOf(entry, cookie, name), answer: answerOf(entry) }
  })
  const woven = weave(exchanges)
  return entries.flatMap((entry, index): readonly Step[] => {
    const step = woven[requests.indexOf(entry)]
    return step === undefined ? socketSteps(entry, `socket${index}`, name) : [step]
  })
}

function isSocket(entry: Entry): boolean {
  return entry._webSocketMessages !== undefined || entry._resourceType === 'websocket'
}

function stepOf(entry: Entry, cookie: string | undefined, name: string): HttpStep {
  const { method, url, headers, postData } = entry.request
  const path = pathOf(url)
  return {
    kind: 'http',
    client: clientOf(entry),
    origin: `${method} ${path} in ${name}`,
    method,
    path,
    headers: { ...carriedHeaders(entry), ...(cookie === undefined ? {} : { cookie }) },
    body: recordedBody(postData, headerOf(headers, 'content-type')),
    capture: {},
    // What failed while it was recorded may fail again.
    expect: { status: entry.response.status >= 500 ? entry.response.status : undefined, includes: undefined },
  }
}

function clientOf({ _client }: Entry): string {
  return _client ?? 'visitor'
}

function pathOf(url: string): string {
  const parsed = URL.parse(url)
  return parsed === null ? '/' : parsed.pathname + parsed.search
}

function answerOf({ response }: Entry): Answer & { readonly status: number } {
  const headers: Record<string, string[]> = {}
  for (const { name, value } of response.headers) (headers[name.toLowerCase()] ??= []).push(value)
  if (response.redirectURL !== '') headers['location'] ??= [response.redirectURL]
  return { status: response.status, headers, text: bodyText(response.content) }
}

const answerWithinMs = 5_000
const textOpcode = 1

/** Messages of the recording; of what was received only that something was, for its words are the run's. */
function socketSteps(entry: Entry, socket: string, name: string): readonly WebSocketStep[] {
  const path = pathOf(entry.request.url)
  const acting = {
    kind: 'websocket',
    client: clientOf(entry),
    origin: `WebSocket ${path} in ${name}`,
    socket,
  } as const
  const steps: WebSocketStep[] = [{ ...acting, action: { do: 'connect', path, headers: {} } }]
  const messages = (entry._webSocketMessages ?? []).filter(({ opcode }) => opcode === textOpcode)
  for (const [index, { type, data }] of messages.slice(0, 50).entries()) {
    if (type === 'send') steps.push({ ...acting, action: { do: 'send', text: data } })
    else if (messages[index - 1]?.type === 'send')
      steps.push({ ...acting, action: { do: 'expect', includes: '', withinMs: answerWithinMs } })
  }
  return [...steps, { ...acting, action: { do: 'close' } }]
}
