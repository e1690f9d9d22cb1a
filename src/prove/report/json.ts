// The report for programs. Keys are stable: what version 1 has stays, with null where there is nothing.
import type { Cause, CodePlace, Finding, Hint, ModeTriple, Verdict } from '../finding.ts'
import { againText } from './again.ts'
import type { ReportInput } from './input.ts'
import { asText } from './phrase.ts'
import { coveragePercent, verdictText } from './verdict.ts'
import { findingPhrase, isOfTestsAlone, remedies, stepName } from './words.ts'

const jsonVersion = 1

export function jsonReport(input: ReportInput): string {
  const { proof, app, version, again, finishedAt } = input
  const report = {
    version: jsonVersion,
    tool: { name: 'drover', version },
    app,
    verdict: proof.verdict.verdict,
    summary: verdictText(proof),
    seed: proof.seed,
    ...verdictFields(proof.verdict, input),
    tests: proof.tests ?? null,
    coverage: {
      driven: proof.coverage.driven,
      undriven: proof.coverage.undriven ?? null,
      percent: coveragePercent(proof.coverage) ?? null,
    },
    limits: proof.limits,
    hints: proof.hints.map(hintFields),
    reproduce: againText(again),
    durationMs: Math.round(proof.durationMs),
    finishedAt: finishedAt.toISOString(),
  }
  return JSON.stringify(report, undefined, 2)
}

function verdictFields(verdict: Verdict, input: ReportInput): object {
  return {
    schedules: verdict.verdict === 'no-divergence' ? verdict.schedules : null,
    why: verdict.verdict === 'could-not-judge' ? verdict.why : null,
    findings:
      verdict.verdict === 'stateful'
        ? verdict.findings.map((finding, index) => findingFields(finding, index, input))
        : [],
  }
}

/** Steps count from 0, as in the flow. */
function findingFields(finding: Finding, index: number, { flow, showings }: ReportInput): object {
  const { divergence, cause, tests } = finding
  const { difference, modes, writer, reader, writerInstance, readerInstance, witness } = divergence
  const step = (at: number) => ({ step: at, name: stepName(flow, at) })
  return {
    kind: cause.kind,
    text: asText(findingPhrase(finding, flow, showings[index])),
    cause: causeFields(cause),
    difference: {
      step: isOfTestsAlone(finding) ? null : difference.step,
      where: difference.where,
      expected: difference.expected,
      actual: difference.actual,
    },
    modes: modesFields(modes),
    writer: writer === undefined ? null : { ...step(writer), instance: writerInstance ?? null },
    // Tests as a whole are no step.
    reader: isOfTestsAlone(finding) ? null : { ...step(reader), instance: readerInstance },
    witness,
    tests: tests === undefined ? null : { ...tests, modes: modesFields(tests.modes) },
    remedies: remedies(cause.kind),
  }
}

function modesFields(modes: ModeTriple): object {
  return {
    'private-disk': modes['private-disk'] ?? null,
    'shared-disk': modes['shared-disk'] ?? null,
    restart: modes.restart ?? null,
  }
}

function causeFields(cause: Cause): object {
  return {
    holder: cause.holder ?? null,
    declaredAt: placeFields(cause.declaredAt),
    writtenAt: placeFields(cause.writtenAt),
    files: cause.files,
    package: cause.package ?? null,
    evidence: cause.evidence,
    placeFrom: cause.placeFrom ?? null,
  }
}

function placeFields(place: CodePlace | undefined): object | null {
  if (place === undefined) return null
  const { file, line, column, text } = place
  return { file, line, ...(column === undefined ? {} : { column }), text: text ?? null }
}

function hintFields({ kind, at, text }: Hint): object {
  return { kind, at: placeFields(at), text }
}
