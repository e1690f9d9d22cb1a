// One proof of two: what the user's tests show, and what the same requests show when they are played again. Pure.
import { actingClients } from '../flow/reading.ts'
import type { Flow, HttpStep } from '../flow/flow.ts'
import { routeName, routeOf } from '../compare/routes.ts'
import { classify } from '../cause/classify.ts'
import { unexplained } from '../evidence.ts'
import {
  inTests,
  type Cause,
  type Difference,
  type Finding,
  type ModeTriple,
  type Proof,
} from '../finding.ts'
import type { ProofRun, Showing } from '../request.ts'
import type { Observation } from '../trace.ts'
import type { TestsFailed, TestsJudgement } from './judge-tests.ts'
import { shownLines } from './judge-tests.ts'
import type { Otherwise } from './otherwise.ts'
import type { Exchange } from './recording.ts'

/** `replay`: the proof of the flow that `judgement` recorded under `name`; its tests can judge the app. */
export function withTests(
  replay: ProofRun,
  judgement: TestsJudgement,
  command: string,
  name: string,
): ProofRun {
  const { failed, requests, adversarialRuns, limits } = judgement
  const tests = { command, requests, adversarialRuns, hasPassed: failed === undefined }
  const proof: Proof = { ...replay.proof, tests, limits: [...new Set([...limits, ...replay.proof.limits])] }
  const run = { ...replay, proof }
  if (failed === undefined) return clearedByTests(run, judgement)
  const { verdict } = proof
  const findings = verdict.verdict === 'stateful' ? verdict.findings : []
  const divergence = {
    command,
    modes: failed.modes,
    how: failed.run.test.how,
    lastLines: failed.run.test.lastLines.slice(-shownLines),
  }
  const index = explaining(findings, failed, run.flow)
  const known = findings[index]
  if (known !== undefined) return stateful(run, findings.with(index, { ...known, tests: divergence }))
  const added = findingOf(failed, judgement.exchanges, run.flow, name)
  const showings = [...run.showings, added.showing]
  return stateful({ ...run, flow: added.flow, showings }, [
    ...findings,
    { ...added.finding, tests: divergence },
  ])
}

function stateful(run: ProofRun, findings: readonly Finding[]): ProofRun {
  const { verdict, limits } = run.proof
  const unplayed = verdict.verdict === 'could-not-judge' ? [notPlayed(verdict.why)] : []
  const proof = {
    ...run.proof,
    verdict: { verdict: 'stateful', findings },
    limits: [...limits, ...unplayed],
  } as const
  return { ...run, proof }
}

/** Tests that pass whoever answers are evidence, also where their requests alone cannot be played again. */
function clearedByTests(run: ProofRun, { schedules }: TestsJudgement): ProofRun {
  const { verdict, limits } = run.proof
  if (verdict.verdict !== 'could-not-judge' || schedules === 0) return run
  const cleared = { verdict: 'no-divergence', schedules } as const
  return { ...run, proof: { ...run.proof, verdict: cleared, limits: [...limits, notPlayed(verdict.why)] } }
}

function notPlayed(why: string): string {
  return `only the outcome of the tests was judged, for their requests could not be played again: ${why}`
}

/** The finding that the tests most likely fail of: one of that request, else one that differs where they do; -1 for none. */
function explaining(findings: readonly Finding[], { modes, otherwise }: TestsFailed, flow: Flow): number {
  const route = otherwise && routeName(otherwise.alone.entry.request.method, otherwise.alone.path)
  const isOfRoute = ({ divergence }: Finding) => nameOfStep(flow, divergence.reader) === route
  const byRoute = route === undefined ? -1 : findings.findIndex(isOfRoute)
  return byRoute >= 0
    ? byRoute
    : findings.findIndex(({ divergence }) => differTogether(divergence.modes, modes))
}

/** As recorded: a path of the flow may hold variables. */
function nameOfStep(flow: Flow, index: number): string {
  const step = flow.steps[index]
  const [, method = '', path = ''] = /^(\S+) (\S+) in /.exec(step?.origin ?? '') ?? []
  return method === '' ? routeOf(flow, index) : routeName(method, path)
}

function differTogether(one: ModeTriple, other: ModeTriple): boolean {
  return (['private-disk', 'shared-disk', 'restart'] as const).some(
    (mode) => one[mode] === true && other[mode] === true,
  )
}

interface Added {
  readonly finding: Finding
  readonly showing: Showing | undefined
  /** With a step for the request, where it had none. */
  readonly flow: Flow
}

function findingOf(failed: TestsFailed, recorded: readonly Exchange[], flow: Flow, name: string): Added {
  const { otherwise, modes, run } = failed
  if (otherwise === undefined) {
    const step = flow.steps.length
    const difference = { step, where: inTests, expected: 'pass', actual: run.test.how }
    return { finding: finding(difference, modes, unexplained, 1, []), showing: undefined, flow }
  }
  const { where, expected, actual, there, alone } = otherwise
  const known = stepOf(alone, recorded, flow, name)
  const step = known < 0 ? flow.steps.length : known
  const whole = known < 0 ? withStep(flow, alone, name) : flow
  const difference = { step, where, expected, actual }
  const cause = concluded(otherwise, difference, modes)
  // An id in its path, which is another in each run, leaves the request of the run without a step.
  const showing = showingOf(failed, recorded, whole, name)
  const isShown = showing.run.observations.some((observation) => observation.step === step)
  const missing = isShown ? [] : [observationOf(there, step)]
  return {
    finding: finding(difference, modes, cause, there.instance, [step]),
    showing: { ...showing, run: { ...showing.run, observations: [...showing.run.observations, ...missing] } },
    flow: whole,
  }
}

function finding(
  difference: Difference,
  modes: ModeTriple,
  cause: Cause,
  readerInstance: number,
  witness: readonly number[],
): Finding {
  const reader = difference.step
  const divergence = {
    difference,
    modes,
    writer: undefined,
    reader,
    writerInstance: undefined,
    readerInstance,
    witness,
  }
  return { divergence, cause }
}

/** From the modes and the answers alone: nobody looked inside while the tests ran. */
function concluded({ alone }: Otherwise, difference: Difference, modes: ModeTriple): Cause {
  const { request, response } = alone.entry
  const reader = {
    method: request.method,
    path: alone.path,
    type: request.postData?.mimeType.split(';')[0]?.trim() ?? '',
    client: alone.client,
    status: response.status,
    headers: headersOf(alone),
    events: [],
  }
  return classify({
    difference,
    modes,
    writers: [],
    hasWriter: false,
    differsAlone: undefined,
    reader,
    boot: [],
    timers: [],
    run: [],
    files: [],
    textOf: () => undefined,
  })
}

/** The step that plays a recorded exchange again; -1: none does, as with static files. */
function stepOf(exchange: Exchange, recorded: readonly Exchange[], flow: Flow, name: string): number {
  const origin = originOf(exchange, name)
  const same = recorded.filter((one) => originOf(one, name) === origin)
  const turn = same.findIndex(({ number }) => number === exchange.number)
  const steps = [...flow.steps.keys()].filter((index) => flow.steps[index]?.origin === origin)
  return steps[turn] ?? -1
}

function originOf({ entry, path }: Exchange, name: string): string {
  return `${entry.request.method} ${path} in ${name}`
}

function withStep(flow: Flow, exchange: Exchange, name: string): Flow {
  const step: HttpStep = {
    kind: 'http',
    client: flow.clients[0] ?? 'visitor',
    origin: originOf(exchange, name),
    method: exchange.entry.request.method,
    path: exchange.path,
    headers: {},
    body: undefined,
    capture: {},
    expect: { status: undefined, includes: undefined },
  }
  const steps = [...flow.steps, step]
  return { clients: actingClients(steps), steps }
}

/** What of both runs is a step of the flow, so that it can be seen who answered what. */
function showingOf(failed: TestsFailed, recorded: readonly Exchange[], flow: Flow, name: string): Showing {
  const observed = (exchanges: readonly Exchange[]) =>
    exchanges.flatMap((exchange) => {
      const step = stepOf(exchange, exchanges, flow, name)
      return step < 0 ? [] : [observationOf(exchange, step)]
    })
  const { exchanges, plan } = failed.run
  return {
    run: { mode: plan.mode, observations: observed(exchanges) },
    alone: { mode: 'single', observations: observed(recorded) },
  }
}

function observationOf(exchange: Exchange, step: number): Observation {
  const { entry, instance } = exchange
  const { status, content } = entry.response
  return {
    step,
    instance,
    status,
    headers: headersOf(exchange),
    body: Buffer.from(content.text),
    messages: [],
    error: status === 0 ? 'no answer' : undefined,
    captured: {},
    startedAtMs: Date.parse(entry.startedDateTime),
    durationMs: 0,
  }
}

function headersOf({ entry }: Exchange): Readonly<Record<string, readonly string[]>> {
  const fields: Record<string, string[]> = {}
  for (const { name, value } of entry.response.headers) (fields[name.toLowerCase()] ??= []).push(value)
  return fields
}
