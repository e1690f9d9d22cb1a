// The report for test dashboards, as JUnit XML: each route is a test, which fails where a finding is about it.
import type { Finding } from '../finding.ts'
import { againText } from './again.ts'
import type { ReportInput } from './input.ts'
import { asText } from './phrase.ts'
import { coverageText, verdictText } from './verdict.ts'
import {
  expectedPhrase,
  findingPhrase,
  isOfTestsAlone,
  remedies,
  stepName,
  testsLines,
  testsPhrase,
} from './words.ts'

interface Case {
  readonly name: string
  readonly findings: readonly Finding[]
  readonly isDriven: boolean
}

export function junitReport(input: ReportInput): string {
  const { proof } = input
  const cases = casesOf(input)
  const isJudged = proof.verdict.verdict !== 'could-not-judge'
  const counts = isJudged ? countsText(cases) : 'tests="1" failures="0" errors="1" skipped="0"'
  const seconds = (proof.durationMs / 1_000).toFixed(3)
  const body = isJudged ? cases.map((one) => caseXml(one, input)) : [undecidedXml(input)]
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="drover prove" ${counts} time="${seconds}">`,
    `  <testsuite name="${xml(input.app)}" ${counts} time="${seconds}" timestamp="${timestamp(input.finishedAt)}">`,
    '    <properties>',
    `      <property name="seed" value="${proof.seed}"/>`,
    `      <property name="reproduce" value="${xml(againText(input.again))}"/>`,
    `      <property name="coverage" value="${xml(coverageText(proof.coverage))}"/>`,
    '    </properties>',
    ...body,
    ...(proof.limits.length === 0 ? [] : [`    <system-out>${xml(proof.limits.join('\n'))}</system-out>`]),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function casesOf({ proof, flow }: ReportInput): readonly Case[] {
  const { driven, undriven = [] } = proof.coverage
  const findings = proof.verdict.verdict === 'stateful' ? proof.verdict.findings : []
  const routeOf = (finding: Finding) => {
    if (isOfTestsAlone(finding)) return finding.tests?.command ?? 'the tests'
    const name = stepName(flow, finding.divergence.reader)
    return driven.find((route) => route === name) ?? driven.find((route) => isOfRoute(name, route)) ?? name
  }
  const byRoute = Map.groupBy(findings, routeOf)
  const names = new Set([...driven, ...byRoute.keys()])
  return [
    ...Array.from(names, (name) => ({ name, findings: byRoute.get(name) ?? [], isDriven: true })),
    ...undriven.map((name) => ({ name, findings: [], isDriven: false })),
  ]
}

/** Whether a step such as `GET /cart/7?full` is of a route such as `GET /cart/:id` or `GET /cart/{id}`. */
function isOfRoute(name: string, route: string): boolean {
  const parts = name.replace(/[?#].*$/, '').split('/')
  const patterns = route.split('/')
  const isSame = (part: string, index: number) => {
    const pattern = patterns[index] ?? ''
    return pattern === part || (part !== '' && /^(?::|\{|\*)/.test(pattern))
  }
  return parts.length === patterns.length && parts.every(isSame)
}

function countsText(cases: readonly Case[]): string {
  const failures = cases.filter(({ findings }) => findings.length > 0).length
  const skipped = cases.filter(({ isDriven }) => !isDriven).length
  return `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}"`
}

function caseXml({ name, findings, isDriven }: Case, { proof, flow, showings }: ReportInput): string {
  const open = `    <testcase classname="drover prove" name="${xml(name)}"`
  if (!isDriven) return `${open}><skipped message="no step has reached this route"/></testcase>`
  if (findings.length === 0) return `${open}/>`
  const [first] = findings
  const type = first === undefined ? '' : first.cause.kind
  const all = proof.verdict.verdict === 'stateful' ? proof.verdict.findings : []
  const texts = findings.map((finding) => {
    const showing = showings[all.indexOf(finding)]
    const tests = testsPhrase(finding)
    return [
      asText(findingPhrase(finding, flow, showing)),
      asText(expectedPhrase(finding.divergence.difference, showing)),
      ...(tests === undefined ? [] : [asText(tests)]),
      ...(finding.tests === undefined ? [] : testsLines(finding.tests)),
      ...remedies(finding.cause.kind),
    ].join('\n')
  })
  // One failure a test: most readers of JUnit XML show only the first.
  const message = xml(texts[0]?.split('\n')[0] ?? '')
  return `${open}><failure type="${type}" message="${message}">${xml(texts.join('\n\n'))}</failure></testcase>`
}

function undecidedXml({ proof }: ReportInput): string {
  const why = xml(verdictText(proof))
  return `    <testcase classname="drover prove" name="verdict"><error type="could-not-judge" message="${why}"/></testcase>`
}

/** As the JUnit schema has it: without fractions or a zone. */
function timestamp(date: Date): string {
  return date.toISOString().slice(0, 19)
}

/** For text and quoted attributes. XML 1.0 section 2.2 allows no other controls, not even escaped. */
export function xml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\u{fffd}')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;')
}
