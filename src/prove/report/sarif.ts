// The report for code scanning: SARIF 2.1.0 (OASIS). Findings only; hints are no verdict, and an alert would make them one.
import { createHash } from 'node:crypto'
import { isAbsolute, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CodePlace, Finding, Kind } from '../finding.ts'
import type { Showing } from '../request.ts'
import { againText } from './again.ts'
import { explanations } from './explain/explanations.ts'
import type { ReportInput } from './input.ts'
import { asText } from './phrase.ts'
import { plain } from './plain.ts'
import { expectedPhrase, findingPhrase, remedies, stepName, testsPhrase } from './words.ts'

const schema = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'

export function sarifReport(input: ReportInput): string {
  const { proof, version } = input
  const { verdict } = proof
  const findings = verdict.verdict === 'stateful' ? verdict.findings : []
  const used = [...new Set(findings.map(({ cause }) => cause.kind))]
  const run = {
    tool: { driver: { name: 'Drover', semanticVersion: version, rules: used.map(rule) } },
    invocations: [
      {
        commandLine: againText(input.again),
        endTimeUtc: input.finishedAt.toISOString(),
        executionSuccessful: verdict.verdict !== 'could-not-judge',
        toolExecutionNotifications: notifications(input),
      },
    ],
    columnKind: 'utf16CodeUnits',
    results: findings.map((finding, index) =>
      result(finding, used.indexOf(finding.cause.kind), input, input.showings[index]),
    ),
    properties: { seed: proof.seed, coverage: proof.coverage },
  }
  return JSON.stringify({ $schema: schema, version: '2.1.0', runs: [run] }, undefined, 2)
}

function notifications({ proof }: ReportInput): readonly object[] {
  const { verdict, limits } = proof
  const why =
    verdict.verdict === 'could-not-judge' ? [{ level: 'error', message: { text: verdict.why } }] : []
  return [...why, ...limits.map((limit) => ({ level: 'note', message: { text: limit } }))]
}

function rule(kind: Kind): object {
  const { title, what, shows, before, after } = explanations[kind]
  const fixes = remedies(kind)
  const fence = (text: string) => `\`\`\`js\n${text}\n\`\`\``
  return {
    id: kind,
    name: kind.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    fullDescription: { text: `${what} ${shows}` },
    help: {
      text: `${what} ${fixes.join(' ')}`,
      markdown: `${what}\n\n${shows}\n\n${fixes.join('\n\n')}\n\nBefore:\n\n${fence(before)}\n\nAfter:\n\n${fence(after)}`,
    },
    defaultConfiguration: { level: 'error' },
  }
}

function result(
  finding: Finding,
  ruleIndex: number,
  input: ReportInput,
  showing: Showing | undefined,
): object {
  const { divergence, cause } = finding
  const { declaredAt, writtenAt, kind } = cause
  const place = writtenAt ?? declaredAt
  const named =
    place === undefined
      ? ' The line is not known.'
      : cause.placeFrom === 'sources'
        ? ' The line is concluded from the sources.'
        : ''
  const tests = testsPhrase(finding)
  const said = [
    findingPhrase(finding, input.flow, showing),
    expectedPhrase(divergence.difference, showing),
    ...(tests === undefined ? [] : [tests]),
  ]
  const text = `${said.map(asText).join('; ')}.${named}`
  const related = place === writtenAt && declaredAt !== undefined ? [declaredAt] : []
  return {
    ruleId: kind,
    ruleIndex,
    level: 'error',
    message: { text: withoutLinks(text) },
    // Code scanning refuses a file with a result that has no place.
    locations: [location(place ?? { file: input.entry, line: 1, text: undefined }, input)],
    ...(related.length === 0
      ? {}
      : { relatedLocations: related.map((one) => location(one, input, 'declared here')) }),
    partialFingerprints: { 'proof/v1': fingerprint(finding, place, input) },
    properties: {
      evidence: cause.evidence,
      placeFrom: cause.placeFrom ?? null,
      modes: divergence.modes,
      package: cause.package ?? null,
    },
  }
}

/** Viewers make links of `[text](address)` (SARIF section 3.11.6), which answers of an app must not become. */
function withoutLinks(text: string): string {
  return text.replaceAll('](', '] (')
}

function location({ file, line, column, text }: CodePlace, { folder }: ReportInput, said?: string): object {
  const start = column === undefined ? {} : { startColumn: column }
  const snippet = text === undefined ? {} : { snippet: { text: plain(text) } }
  return {
    physicalLocation: {
      artifactLocation: artifact(file, folder),
      region: { startLine: line, ...start, ...snippet },
    },
    ...(said === undefined ? {} : { message: { text: said } }),
  }
}

/** Relative to the folder the user is in, which for code scanning is the repository. */
function artifact(file: string, folder: string): object {
  if (isAbsolute(file)) return { uri: pathToFileURL(file).href }
  const uri = posix.join(folder, file).toWellFormed().split('/').map(encodeURIComponent).join('/')
  return { uri, uriBaseId: '%SRCROOT%' }
}

/** Of what a finding is about, not of where it stands: a line that moves is no new finding. */
function fingerprint(
  { divergence, cause }: Finding,
  place: CodePlace | undefined,
  { flow }: ReportInput,
): string {
  const parts = [cause.kind, cause.holder, place?.file, place?.text, stepName(flow, divergence.reader)]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}
