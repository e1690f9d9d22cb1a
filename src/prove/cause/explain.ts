// Looks inside the app in one more run, on one instance, and names the cause of a confirmed divergence.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { AppSpec, Instrument, Servers, Starter, WrittenFile } from '../app/servers.ts'
import { startUntil } from '../app/start-until.ts'
import { drive, driveOptions } from '../drive/drive.ts'
import type { Schedule } from '../drive/schedule.ts'
import type { Evidence, Explain } from '../evidence.ts'
import type { Hint } from '../finding.ts'
import type { Flow, Step, StepBody } from '../flow/flow.ts'
import { requestHeader } from '../instrument/event.ts'
import type { AppEvent } from '../instrument/event.ts'
import { nodeInstrument } from '../instrument/instrument.ts'
import { builtFrom } from '../prescan/hinted-place.ts'
import type { Observation, Trace } from '../trace.ts'
import { classify } from './classify.ts'
import { sortEvents } from './clues.ts'
import type { Clues, Side, SortedEvents } from './clues.ts'
import { readEvents } from './events.ts'
import { routesIn } from './routes.ts'
import { straceInstrument, tracedWrites, writtenSince } from './strace.ts'

export interface ExplainOptions {
  readonly starter: Pick<Starter, 'startServers'>
  readonly app: AppSpec
  /** By which name the app is asked, as in every other run. */
  readonly host: string
  /** Told what the app's framework knows of routes, once that was seen. */
  readonly onRoutes: (routes: readonly string[]) => void
  /** What the sources hint at. */
  readonly hints: () => Promise<readonly Hint[]>
  /** How long the app takes to get ready when nobody looks inside. */
  readonly usualStartMs: () => number
  /** Told, in one sentence, why nothing could be seen inside. */
  readonly onLimit: (limit: string) => void
}

/** For starting the app and driving the witness, besides a few times what the app takes to start: most need two seconds. */
const lookMs = 20_000

/** Never rejects: what cannot be looked into, or not in time, is concluded from what is known without. */
export function explainer(options: ExplainOptions): Explain {
  return async (evidence, signal) => {
    const tooLate = AbortSignal.timeout(Math.ceil(lookMs + 4 * options.usualStartMs()))
    const inside = await lookInside(evidence, options, AbortSignal.any([signal, tooLate]))
    if (inside === undefined && options.app.targets.length === 0)
      options.onLimit(blindness(tooLate.aborted || signal.aborted))
    if (inside !== undefined) {
      const routes = routesIn(inside.events)
      if (routes !== undefined) options.onRoutes(routes)
    }
    return classify(await cluesOf(evidence, inside, options))
  }
}

function blindness(isLate: boolean): string {
  return `The app could not be looked into${isLate ? ' in the time there was' : ''}: its causes are concluded from how it differs, without a line that was seen.`
}

interface Inside {
  readonly events: readonly AppEvent[]
  /** Relative to the app's folder where they are in it. */
  readonly files: readonly string[]
  readonly trace: Trace
}

async function lookInside(
  evidence: Evidence,
  options: ExplainOptions,
  signal: AbortSignal,
): Promise<Inside | undefined> {
  if (options.app.targets.length > 0) return undefined
  const { cwd } = options.app
  const readyWithinMs = lookMs / 2 + 4 * options.usualStartMs()
  const by = (how: 'require' | 'import'): Promise<Inside | undefined> =>
    lookWith({ ...nodeInstrument(cwd, how), readyWithinMs }, evidence, options, signal)
  const inside = (await by('require')) ?? (await by('import'))
  const isDisk =
    evidence.divergence.modes['private-disk'] === true && evidence.divergence.modes['shared-disk'] === false
  const isBlind = inside !== undefined && inside.events.length === 0 && inside.files.length === 0
  const tracer = isDisk && isBlind ? straceInstrument() : undefined
  if (tracer === undefined) return inside
  // An app of another language, which writes where no disk of its own shows it.
  return (await lookWith(tracer, evidence, options, signal)) ?? inside
}

async function lookWith(
  instrument: Instrument,
  evidence: Evidence,
  options: ExplainOptions,
  signal: AbortSignal,
): Promise<Inside | undefined> {
  const { starter, app } = options
  let servers: Servers | undefined
  try {
    servers = await startUntil(signal, () => starter.startServers(app, 'single', 1, instrument))
    return await seenWhileDriven(servers, evidence, options, signal)
  } catch {
    // The app does not run with us inside; the divergence stands without.
    return undefined
  } finally {
    await servers?.stop()
  }
}

async function seenWhileDriven(
  servers: Servers,
  { flow, divergence, schedule }: Evidence,
  { host, app }: ExplainOptions,
  signal: AbortSignal,
): Promise<Inside> {
  const before = await servers.writtenFiles(1)
  const sinceMs = Date.now()
  const only = onOneInstance(flow, schedule, divergence.witness)
  const trace = await drive(numbered(flow), servers, only, { ...driveOptions, site: { host }, signal })
  const after = await servers.writtenFiles(1)
  const folder = servers.evidenceFolder(1)
  const traced = writtenSince(await tracedWrites(folder), sinceMs, app.cwd)
  return {
    events: await readEvents(folder),
    files: [...new Set([...newFiles(before, after), ...traced])],
    trace,
  }
}

/**
 * What of a witness's steps has a place, and the waits before its last one: a timer needs its time to be seen at work, also where the
 * witness has shown the difference without.
 */
function onOneInstance({ steps }: Flow, schedule: Schedule, witness: readonly number[]): Schedule {
  const last = witness.at(-1) ?? schedule.length
  const isWait = (index: number) => steps[index]?.kind === 'wait' && index < last
  return schedule.map((place, index) => {
    const isTaken = place !== undefined && (witness.length === 0 || witness.includes(index))
    return isTaken || isWait(index) ? { instance: 1, restart: false } : undefined
  })
}

/** Each request says which step it is, from 1. */
export function numbered(flow: Flow): Flow {
  return { ...flow, steps: flow.steps.map((step, index) => withNumber(step, index + 1)) }
}

function withNumber(step: Step, number: number): Step {
  const own = { [requestHeader]: String(number) }
  if (step.kind === 'http') return { ...step, headers: { ...step.headers, ...own } }
  if (step.kind !== 'websocket' || step.action.do !== 'connect') return step
  return { ...step, action: { ...step.action, headers: { ...step.action.headers, ...own } } }
}

function newFiles(before: readonly WrittenFile[], after: readonly WrittenFile[]): readonly string[] {
  const known = new Map(before.map((file) => [file.path, file]))
  const changed = after.filter(({ path, change, modifiedAtMs, sizeBytes }) => {
    const old = known.get(path)
    return change !== 'deleted' && (old?.modifiedAtMs !== modifiedAtMs || old?.sizeBytes !== sizeBytes)
  })
  return changed.map(({ path }) => path)
}

async function cluesOf(
  { flow, divergence, differsAlone, showing }: Evidence,
  inside: Inside | undefined,
  options: Pick<ExplainOptions, 'app' | 'hints'>,
): Promise<Clues> {
  const events = sortEvents(inside?.events ?? [])
  const hints = inside === undefined ? [] : await options.hints()
  const textOf = await sourceLines(inside?.events ?? [], options.app.cwd)
  const { writer, reader, witness, difference, modes } = divergence
  const trace = inside?.trace ?? showing.alone
  const before = writer === undefined ? witness.filter((step) => step < reader) : [writer]
  const side = (step: number): Side =>
    sideOf({ flow, index: step, trace, events, expected: difference.expected })
  return {
    difference,
    modes,
    hasWriter: writer !== undefined,
    differsAlone,
    writers: before.filter((step) => flow.steps[step]?.kind !== 'wait').map(side),
    reader: side(reader),
    boot: events.boot,
    timers: events.timers,
    run: inside?.events.filter(({ request }) => request > 0) ?? [],
    files: inside?.files ?? [],
    isOfSources: ({ declaredAt, holder }) =>
      declaredAt !== undefined &&
      builtFrom({ ...declaredAt, text: textOf(declaredAt) }, { kind: 'module-state', holder }, hints) !==
        undefined,
    textOf,
  }
}

interface Seen {
  readonly flow: Flow
  readonly index: number
  readonly trace: Trace
  readonly events: SortedEvents
  /** What the reader should have been answered. */
  readonly expected: string
}

function sideOf({ flow, index, trace, events, expected }: Seen): Side {
  const step = flow.steps[index]
  const observed = trace.observations.find((one: Observation) => one.step === index)
  const answer = { status: observed?.status ?? 0, headers: observed?.headers ?? {} }
  if (step?.kind === 'http') {
    const { method, path, client } = step
    return { method, path, client, type: typeOf(step.body), ...answer, events: events.of(index + 1) }
  }
  const client = step?.kind === 'websocket' ? step.client : ''
  return {
    method: 'GET',
    path: '',
    client,
    type: 'websocket',
    ...awaitedBy(step, expected),
    ...answer,
    ...openedBy(flow, index, events),
  }
}

function awaitedBy(step: Step | undefined, expected: string): Pick<Side, 'awaits'> {
  if (step?.kind !== 'websocket') return {}
  if (step.action.do === 'expect') return { awaits: step.action.includes }
  // The first line of an event's data, which may come after its name.
  return step.action.do === 'listen' ? { awaits: expected.replace(/^\S+ (?=\S)|\n.*|…$/gs, '') } : {}
}

/** Of a stream, what was seen as it was opened. */
function openedBy(flow: Flow, index: number, events: SortedEvents): Pick<Side, 'events' | 'isStream'> {
  const step = flow.steps[index]
  return step?.kind === 'websocket' && step.stream !== undefined
    ? { events: events.of(step.stream + 1), isStream: true }
    : { events: socketEvents(flow, index, events) }
}

/** Messages have no header: they are told of under the request before, such as the opening of their socket. */
function socketEvents(flow: Flow, index: number, events: SortedEvents): readonly AppEvent[] {
  for (let at = index; at >= 0; at -= 1) {
    const found = events.of(at + 1)
    if (flow.steps[at]?.kind !== 'wait' && found.length > 0) return found
  }
  return []
}

function typeOf(body: StepBody | undefined): string {
  if (body?.kind === 'multipart') return 'multipart/form-data'
  if (body?.kind === 'form') return 'application/x-www-form-urlencoded'
  if (body?.kind === 'text') return body.type.split(';', 1)[0] ?? ''
  return body === undefined ? '' : 'application/json'
}

/** In UTF-16 units. */
const lineWidth = 300

/** The sources that events name, read once. */
async function sourceLines(events: readonly AppEvent[], cwd: string): Promise<Clues['textOf']> {
  const files = new Set(
    events
      .flatMap(({ declaredAt, writtenAt }) => [declaredAt, writtenAt])
      .flatMap((at) => (at === undefined ? [] : [at.file])),
  )
  const read = async (file: string): Promise<[string, readonly string[]]> => {
    const text = await readFile(resolve(cwd, file), 'utf8').catch(() => '')
    return [file, text.split('\n')]
  }
  const sources = new Map(await Promise.all([...files].map(read)))
  return ({ file, line, column = 1 }) => {
    const text = sources.get(file)?.[line - 1]
    // Of a minified program no more than what is there.
    return text !== undefined && text.length > lineWidth
      ? text.slice(column - 1, column - 1 + lineWidth)
      : text?.trim()
  }
}
