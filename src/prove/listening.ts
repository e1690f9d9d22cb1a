// Streams of events are known once they were answered. What came on them while the flow went on is what other runs are to hear as well.
import { laterEvents, settledText } from './compare/events.ts'
import type { Flow, HttpStep, Step, WebSocketStep } from './flow/flow.ts'
import type { Observation, StreamLog, Trace } from './trace.ts'

/** More say nothing new: most flows have one for each client. */
const streamsAtMost = 6
const heardAtMost = 100

export interface Listened {
  readonly flow: Flow
  readonly reference: Trace
}

/**
 * The flow with a step at its end for each stream on which something came after it was opened, and the reference as if it had been driven
 * so; indices of other steps stay. `own`: steps that were asked for. Undefined where no stream went on.
 */
export function withListening(flow: Flow, own: number, reference: Trace): Listened | undefined {
  const streams = (reference.streams ?? []).filter(({ step }) => step < own)
  const listens = streams.flatMap((log) => {
    const opening = flow.steps[log.step]
    if (opening?.kind !== 'http' || laterEvents(log).length === 0) return []
    return [{ log, step: listenTo(opening, log) }]
  })
  const steps = flow.steps.map((step, index) => ofItsStream(flow, step, index, streams))
  if (listens.length === 0 && steps.every((step, index) => step === flow.steps[index])) return undefined
  const kept = listens.slice(0, streamsAtMost)
  return {
    flow: { ...flow, steps: [...steps, ...kept.map(({ step }) => step)] },
    reference: {
      ...reference,
      observations: [
        ...reference.observations,
        ...kept.map(({ log }, index) => heardIn(reference, log, flow.steps.length + index)),
      ],
    },
  }
}

function listenTo({ client, method, path }: HttpStep, log: StreamLog): WebSocketStep {
  const heard = laterEvents(log).slice(0, heardAtMost)
  return {
    kind: 'websocket',
    client,
    origin: `events of ${method} ${path}`,
    socket: path,
    stream: log.step,
    action: { do: 'listen', heard: heard.map((event) => ({ after: event.after, text: settledText(event) })) },
  }
}

/** What is expected of a stream, with the step that opened it. */
function ofItsStream(flow: Flow, step: Step, index: number, streams: readonly StreamLog[]): Step {
  if (step.kind !== 'websocket' || step.action.do !== 'expect' || step.stream !== undefined) return step
  const isConnected = flow.steps.slice(0, index).some((one) => {
    return one.kind === 'websocket' && one.client === step.client && one.socket === step.socket
      ? one.action.do === 'connect'
      : false
  })
  if (isConnected) return step
  const before = streams.filter((log) => {
    const opening = flow.steps[log.step]
    return log.step < index && opening?.kind === 'http' && opening.client === step.client
  })
  const named = before.findLast((log) => {
    const opening = flow.steps[log.step]
    return opening?.kind === 'http' && opening.path === step.socket
  })
  const stream = (named ?? before.at(-1))?.step
  return stream === undefined ? step : { ...step, stream }
}

function heardIn(reference: Trace, log: StreamLog, step: number): Observation {
  const opened = reference.observations.find((one) => one.step === log.step)
  const last = reference.observations.at(-1)
  return {
    step,
    instance: opened?.instance ?? 1,
    status: 200,
    headers: {},
    body: new Uint8Array(),
    messages: laterEvents(log).map(({ text }) => text),
    error: undefined,
    captured: {},
    startedAtMs: (last?.startedAtMs ?? 0) + (last?.durationMs ?? 0),
    durationMs: 0,
  }
}
