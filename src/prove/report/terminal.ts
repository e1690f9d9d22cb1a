// The report for a terminal: short enough to be read whole.
import type { Finding, Hint } from '../finding.ts'
import { againText } from './again.ts'
import { explanations } from './explain/explanations.ts'
import type { ReportInput } from './input.ts'
import { asText } from './phrase.ts'
import { counted } from '../../base/counted.ts'
import { plain, shorten } from './plain.ts'
import { coverageText, secondsText, verdictText } from './verdict.ts'
import {
  expectedPhrase,
  findingPhrase,
  modesText,
  placeText,
  remedies,
  sureText,
  testsLines,
  testsOutcomeText,
  testsPhrase,
} from './words.ts'
import { wrapped } from './wrapped.ts'

export type Tone = 'good' | 'bad' | 'unsure' | 'strong' | 'faint'
/** Gives text a look where the reader is a person; else returns it as it is. */
export type Paint = (tone: Tone, text: string) => string

const maxRoutes = 20
const maxHints = 10
const maxTestLines = 4

export function terminalLines(input: ReportInput, paint: Paint): readonly string[] {
  const { proof } = input
  const tones = { 'no-divergence': 'good', stateful: 'bad', 'could-not-judge': 'unsure' } as const
  const findings = proof.verdict.verdict === 'stateful' ? proof.verdict.findings : []
  return [
    paint(tones[proof.verdict.verdict], plain(verdictText(proof))),
    ...findings.flatMap((finding, index) => findingLines(finding, index + 1, input, paint)),
    ...(proof.coverage.driven.length === 0 ? [] : ['', ...coverageLines(input, paint)]),
    ...listed('Not seen', proof.limits, paint),
    ...hintLines(proof.hints, paint),
    '',
    ...againLines(input, paint),
  ]
}

function findingLines(
  finding: Finding,
  number: number,
  { flow, showings }: ReportInput,
  paint: Paint,
): readonly string[] {
  const { divergence, cause } = finding
  const showing = showings[number - 1]
  const [first = '', ...others] = remedies(cause.kind)
  const isSeen = cause.evidence === 'observed' && cause.placeFrom === undefined
  const sure = isSeen ? '' : `, ${sureText(cause)}`
  return [
    '',
    paint('strong', `${number}. ${explanations[cause.kind].title}`) +
      paint('faint', `  ${cause.kind}${sure}`),
    ...wrapped(asText(findingPhrase(finding, flow, showing)), 3),
    ...wrapped(asText(expectedPhrase(divergence.difference, showing)), 3),
    ...testsSaid(finding, paint),
    ...wrapped(modesText(divergence.modes), 3).map((line) => paint('faint', line)),
    ...wrapped(`Fix: ${first}`, 3),
    ...others.flatMap((other) => wrapped(`Or: ${other}`, 3)),
  ]
}

function testsSaid(finding: Finding, paint: Paint): readonly string[] {
  const phrase = testsPhrase(finding)
  if (phrase === undefined || finding.tests === undefined) return []
  const lines = testsLines(finding.tests).slice(-maxTestLines)
  return [
    ...wrapped(asText(phrase), 3),
    ...lines.flatMap((line) => wrapped(line, 5)).map((line) => paint('faint', line)),
  ]
}

function coverageLines({ proof }: ReportInput, paint: Paint): readonly string[] {
  const { driven, undriven } = proof.coverage
  return [
    `${paint('strong', 'Driven')}  ${counted(driven.length, 'route')}, ${coverageText(proof.coverage)}`,
    ...routeLines(driven),
    ...(proof.tests === undefined
      ? []
      : wrapped(testsOutcomeText(proof.tests), 3).map((line, index) =>
          index === 0 ? `${paint('strong', 'Your tests')}  ${line.trimStart()}` : line,
        )),
    ...(undriven === undefined || undriven.length === 0
      ? []
      : [`${paint('strong', 'Never driven')}, so nothing is known of them`, ...routeLines(undriven)]),
  ]
}

function routeLines(routes: readonly string[]): readonly string[] {
  const shown = routes.slice(0, maxRoutes).map((route) => shorten(plain(route), 60))
  const more = routes.length > maxRoutes ? [`and ${routes.length - maxRoutes} more`] : []
  return wrapped([...shown, ...more].map((route) => route.replaceAll(' ', '\u00a0')).join(', '), 3).map(
    (line) => line.replaceAll('\u00a0', ' '),
  )
}

function hintLines(hints: readonly Hint[], paint: Paint): readonly string[] {
  const shown = hints
    .slice(0, maxHints)
    .map(({ kind, at, text }) => `${placeText(at)}  ${plain(text)} (${kind})`)
  const more = hints.length > maxHints ? [`and ${hints.length - maxHints} more`] : []
  return listed('Hints, from a look at the source; no verdict', [...shown, ...more], paint)
}

function listed(heading: string, lines: readonly string[], paint: Paint): readonly string[] {
  if (lines.length === 0) return []
  return ['', paint('strong', heading), ...lines.flatMap((line) => wrapped(plain(line), 3))]
}

function againLines({ proof, again, program, hasPage }: ReportInput, paint: Paint): readonly string[] {
  const kind = proof.verdict.verdict === 'stateful' ? proof.verdict.findings[0]?.cause.kind : undefined
  const page = againText(again, ' --html report.html')
  return [
    `${paint('strong', 'The same again')}  ${againText(again)}`,
    ...(kind === undefined
      ? []
      : [
          ...(hasPage ? [] : [`${paint('strong', 'A page to pass around')}  ${page}`]),
          `${paint('strong', 'More about it')}  ${program} prove --explain ${kind}`,
        ]),
    paint('faint', `seed ${proof.seed}, ${secondsText(proof.durationMs)}`),
  ]
}
