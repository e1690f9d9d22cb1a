// What a finding says, as a sentence: which request answered what, because which request left what where.
import { counted } from '../../base/counted.ts'
import {
  inTests,
  type Cause,
  type CodePlace,
  type Difference,
  type Divergence,
  type Finding,
  type Kind,
  type ModeTriple,
  type TestsDivergence,
  type TestsOutcome,
} from '../finding.ts'
import type { Flow } from '../flow/flow.ts'
import type { Showing } from '../request.ts'
import type { Trace } from '../trace.ts'
import { explanations } from './explain/explanations.ts'
import { code, type Phrase, type Piece } from './phrase.ts'
import { plain, shorten } from './plain.ts'

const answerWidth = 100

/** `request 7 GET /cart answered [] because request 3 POST /cart kept what is missing in `carts` (src/cart.ts:12, written at :31) of instance 2`. */
export function findingPhrase(finding: Finding, flow: Flow, showing?: Showing): Phrase {
  const { divergence, cause, tests } = finding
  if (isOfTestsAlone(finding))
    return [...testsName(tests), ' fail, and which request was answered otherwise was not seen']
  const reader = stepPhrase(flow, divergence.reader)
  const link = cause.evidence === 'observed' ? ' because ' : ', most likely because '
  const because = cause.kind === 'unexplained' ? ', and ' : link
  return [
    ...reader,
    ...sawPhrase(divergence.difference, showing),
    because,
    ...reason(divergence, cause, flow),
  ]
}

/** Whether the tests as a whole show it, and no request could be told. */
export function isOfTestsAlone({ divergence }: Finding): boolean {
  return divergence.difference.where === inTests
}

function testsName(tests: TestsDivergence | undefined): Phrase {
  return tests === undefined ? ['the tests'] : ['the tests ', code(tests.command)]
}

/** `with several instances the tests `npm run e2e` exited with code 1 each time; on one they pass`; undefined: there are none, or they pass. */
export function testsPhrase(finding: Finding): Phrase | undefined {
  const { tests } = finding
  if (tests === undefined) return undefined
  const where = isLostAtRestartOnly(tests.modes) ? 'over restarts' : 'with several instances'
  if (isOfTestsAlone(finding)) return [`${where} they ${tests.how} each time`]
  return [`${where} `, ...testsName(tests), ` ${tests.how} each time; on one they pass`]
}

/** What tests wrote last, harmless and short, the latest last; without the frames of a stack. */
export function testsLines({ lastLines }: TestsDivergence): readonly string[] {
  const told = lastLines.filter((line) => !/^\s*at\s|^Node\.js v|^npm (?:error|notice)|^\s*\^+$/.test(line))
  return told.map((line) => shorten(plain(line).trim(), 160))
}

/** `npm run e2e: 12 requests a run, passed in 7 runs with several instances or over restarts`. */
export function testsOutcomeText({ command, requests, adversarialRuns, hasPassed }: TestsOutcome): string {
  const runs = counted(adversarialRuns, 'run')
  const outcome = hasPassed ? 'passed' : 'failed'
  const asked = counted(requests, 'request')
  return `${shorten(plain(command), answerWidth)}: ${asked} a run, ${outcome} in ${runs} with several instances or over restarts`
}

/** `request 7 GET /cart`; steps of a WebSocket are steps. Numbers count the flow's steps, from 1. */
function stepPhrase(flow: Flow, index: number): Phrase {
  const step = flow.steps[index]
  if (step === undefined) return [`request ${index + 1}`]
  const by = flow.clients.length > 1 && step.kind !== 'wait' ? ` by ${shorten(step.client, 40)}` : ''
  const what = stepName(flow, index)
  return [`${step.kind === 'http' ? 'request' : 'step'} ${index + 1} ${what}${by}`]
}

/** `GET /cart`, `send hello`, `wait 100 ms`. */
export function stepName(flow: Flow, index: number): string {
  const step = flow.steps[index]
  if (step === undefined) return 'not in the flow'
  if (step.kind === 'wait') return `wait ${step.waitMs} ms`
  if (step.kind === 'http') return shorten(plain(`${step.method} ${step.path}`), answerWidth)
  const { action } = step
  if (action.do === 'connect') return shorten(plain(`connect ${action.path}`), answerWidth)
  if (action.do === 'send') return shorten(plain(`send ${action.text}`), answerWidth)
  if (action.do === 'listen') return shorten(plain(`events of ${step.socket}`), answerWidth)
  return action.do === 'expect' ? shorten(plain(`expect ${action.includes}`), answerWidth) : 'close'
}

function sawPhrase(difference: Difference, showing: Showing | undefined): Phrase {
  const whole = wholeAnswers(difference, showing)
  const { where, actual } = difference
  const [place = '', ...rest] = where.split(' ')
  const name = rest.join(' ')
  const what = shownAnswer(whole?.actual ?? actual)
  if (place === 'header') return [' answered with header ', code(name), ' ', what]
  if (place === 'cookie') return [' answered with cookie ', code(name), ' ', what]
  if (place === 'message' || place === 'event') return [' received ', what]
  const isPart = whole === undefined && place === 'body' && name !== ''
  return isPart ? [' answered ', what, ' at ', code(name)] : [' answered ', what]
}

/** `one instance alone answers 200`. */
export function expectedPhrase(difference: Difference, showing?: Showing): Phrase {
  if (difference.where === inTests) return ['on one instance alone they pass']
  const { expected } = wholeAnswers(difference, showing) ?? difference
  return ['one instance alone answers ', shownAnswer(expected)]
}

const wholeBytes = 60

/** Both bodies, where they are so short that the part which differs says less. */
function wholeAnswers(
  { step, where }: Difference,
  showing: Showing | undefined,
): { readonly expected: string; readonly actual: string } | undefined {
  if (showing === undefined || !/^(?:body|text)\b/.test(where)) return undefined
  const [expected, actual] = [shortBody(showing.alone, step), shortBody(showing.run, step)]
  if (expected === undefined || actual === undefined || expected === actual) return undefined
  return { expected, actual }
}

function shortBody(trace: Trace, step: number): string | undefined {
  const body = trace.observations.find((observation) => observation.step === step)?.body
  if (body === undefined || body.length > wholeBytes || body.includes(0)) return undefined
  return Buffer.from(body).toString('utf8')
}

/** Some answers are told in relation to another, and are no quotation. */
const relation = /^(?:the same as|another than) at /

function shownAnswer(text: string): Piece {
  const shown = shorten(plain(text), answerWidth)
  if (relation.test(shown)) return shown
  return shown.trim() === '' || shown === '(nothing)' ? 'nothing' : { code: shown }
}

interface Parts {
  readonly writer: Phrase
  /** What holds it, with its lines; in words where it has no name. */
  readonly holder: (words: string) => Phrase
  /** ` of instance 2`, or of a process that was killed since. */
  readonly there: string
  readonly here: string
}

type Reason = (parts: Parts) => Phrase

const reasons: Readonly<Record<Kind, Reason>> = {
  'in-memory-session': ({ writer, holder, there }) => [
    ...writer,
    ' kept the session in ',
    ...holder('memory'),
    there,
  ],
  'module-state': ({ writer, holder, there }) => [
    ...writer,
    ' kept what it needs in ',
    ...holder('memory'),
    there,
  ],
  'in-process-cache': ({ writer, holder, here }) => [
    'it came from ',
    ...holder('a cache in memory'),
    here,
    ', which ',
    ...writer,
    ' could not reach elsewhere',
  ],
  'rate-limiter': ({ holder }) => ['each instance counts requests by itself, in ', ...holder('memory')],
  'local-file': ({ writer, holder, there }) => [
    ...writer,
    ' wrote ',
    ...holder('a file'),
    ' on the disk',
    there,
  ],
  'local-sqlite': ({ writer, holder, there }) => [
    ...writer,
    ' wrote to ',
    ...holder('a SQLite database'),
    ' on the disk',
    there,
  ],
  'upload-directory': ({ writer, holder, there }) => [
    ...writer,
    ' left the upload in ',
    ...holder('a folder'),
    ' on the disk',
    there,
  ],
  'per-process-secret': ({ writer, holder }) => [
    'each process makes a secret of its own at its start, ',
    ...holder('which has no name here'),
    ', so that what ',
    ...writer,
    ' handed out counts nowhere else',
  ],
  'instance-identity': ({ holder }) => [
    'the answer carries what only one instance has, ',
    ...holder('such as its host name, process id or address'),
  ],
  'instance-configuration': ({ holder }) => [
    'the instances are configured differently, by ',
    ...holder('something in their environment'),
  ],
  'boot-side-effect': ({ holder }) => [
    'each start of a process changes what all of them share, in ',
    ...holder('code that runs at the start'),
  ],
  'sticky-transport': ({ writer, holder, there }) => [
    ...writer,
    ' opened a connection that is known in ',
    ...holder('the memory'),
    there,
    ' only',
  ],
  'socket-rooms': ({ writer, holder, there }) => [
    ...writer,
    ' reached only those whose sockets are in ',
    ...holder('the memory'),
    there,
  ],
  'in-process-schedule': ({ holder }) => ['each instance runs ', ...holder('its own timer'), ' by itself'],
  'acknowledged-before-written': ({ writer, holder }) => [
    ...writer,
    ' was answered while what it wrote was still in ',
    ...holder('memory'),
    ', and the process was killed then',
  ],
  unexplained: ({ writer }) => ['this depends on which instance answered ', ...writer, '; why was not seen'],
}

function reason(divergence: Divergence, cause: Cause, flow: Flow): Phrase {
  const writer: Phrase =
    divergence.writer === undefined ? ['an earlier request'] : stepPhrase(flow, divergence.writer)
  // Were the only difference one after restarts, both would be the same number.
  const outlived = isLostAtRestartOnly(divergence.modes)
  const there = outlived ? ' of a process that was killed since' : ofInstance(divergence.writerInstance)
  return reasons[cause.kind]({
    writer,
    holder: (words) => holderPhrase(cause, words),
    there,
    here: ofInstance(divergence.readerInstance),
  })
}

function ofInstance(instance: number | undefined): string {
  return instance === undefined ? ' of one instance' : ` of instance ${instance}`
}

export function isLostAtRestartOnly(modes: ModeTriple): boolean {
  return modes.restart === true && modes['private-disk'] !== true && modes['shared-disk'] !== true
}

function holderPhrase(
  { holder, files, declaredAt, writtenAt, package: owner }: Cause,
  words: string,
): Phrase {
  const name = holder ?? files[0]
  const places = placesText(declaredAt, writtenAt)
  const from = owner === undefined || owner === name ? '' : ` of ${ownerText(owner)}`
  return [name === undefined ? words : code(name), from, places === '' ? '' : ` (${places})`]
}

/** What comes with Node, such as `node:sqlite`, is no package. */
function ownerText(owner: string): string {
  return owner.startsWith('node:') ? owner : `the package ${owner}`
}

/** `src/cart.ts:12, written at :31`; the file again only where it is another one. */
export function placesText(declaredAt: CodePlace | undefined, writtenAt: CodePlace | undefined): string {
  const declared = declaredAt === undefined ? '' : placeText(declaredAt)
  if (writtenAt === undefined) return declared
  if (declaredAt === undefined) return `written at ${placeText(writtenAt)}`
  const written = placeText(writtenAt)
  if (declared === written) return declared
  const isSameFile = declaredAt.file === writtenAt.file
  return `${declared}, written at ${isSameFile ? lineText(writtenAt) : written}`
}

export function placeText(place: CodePlace): string {
  return `${shorten(plain(place.file), 120)}${lineText(place)}`
}

function lineText({ line, column }: CodePlace): string {
  return column === undefined ? `:${line}` : `:${line}:${column}`
}

/** `own disks: differs · shared disk: the same · restarts: not run`. */
export function modesText(modes: ModeTriple): string {
  const said = (differs: boolean | undefined) =>
    differs === undefined ? 'not run' : differs ? 'differs' : 'the same'
  const named = [
    ['a disk for each instance', modes['private-disk']],
    ['one disk for all', modes['shared-disk']],
    ['restarts', modes.restart],
  ] as const
  return named.map(([name, differs]) => `${name}: ${said(differs)}`).join(' · ')
}

/** How sure the cause is, and its line. */
export function sureText({ evidence, placeFrom }: Cause): string {
  const sure = evidence === 'observed' ? 'seen while it happened' : 'concluded from how it differs'
  return placeFrom === undefined ? sure : `${sure}, its line from the sources`
}

/** How to fix it: with Drover first, where it has something for it. */
export function remedies(kind: Kind): readonly string[] {
  const { drover, standard } = explanations[kind]
  return drover === undefined ? [standard] : [drover, standard]
}
