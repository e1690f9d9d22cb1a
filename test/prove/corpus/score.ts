// Compares what a proof said about a specimen with what is to be found there.
import type { CodePlace, Finding, Proof } from '../../../src/prove/finding.ts'
import type { Specimen } from './corpus.ts'

export interface Score {
  readonly name: string
  readonly isVerdictRight: boolean
  /** Undefined where there is none to find, or nothing was found. */
  readonly isKindRight: boolean | undefined
  /** Of apps in another language too: lines are promised for Node alone. */
  readonly isLineRight: boolean | undefined
  readonly durationMs: number
  /** What was said, in short. */
  readonly said: string
}

/** What is known of the app. */
export type Expected = Pick<Specimen, 'name' | 'verdict' | 'kinds' | 'command' | 'lines'>

/** Of several findings, the first counts: it is the one that people read. */
export function scoreOf(specimen: Expected, proof: Proof): Score {
  const { verdict, durationMs } = proof
  const isVerdictRight = verdict.verdict === specimen.verdict
  const found = verdict.verdict === 'stateful' ? verdict.findings[0] : undefined
  const isExpected = found !== undefined && specimen.verdict === 'stateful'
  const isNode = !specimen.command.includes('python3')
  return {
    name: specimen.name,
    isVerdictRight,
    isKindRight: isExpected ? specimen.kinds.includes(found.cause.kind) : undefined,
    isLineRight: isExpected && isNode ? namesLine(specimen, found) : undefined,
    durationMs,
    said: found === undefined ? saidWithout(proof) : saidOf(found),
  }
}

function namesLine({ lines }: Expected, { cause }: Finding): boolean {
  const places = [cause.declaredAt, cause.writtenAt].filter((place) => place !== undefined)
  return places.some((place) => lines.some(({ file, line }) => place.file === file && place.line === line))
}

function saidWithout({ verdict }: Proof): string {
  return verdict.verdict === 'could-not-judge' ? `could not judge: ${verdict.why}` : verdict.verdict
}

function saidOf({ divergence: { difference, modes }, cause }: Finding): string {
  const triple = [modes['private-disk'], modes['shared-disk'], modes.restart]
  const letters = triple.map((differs) => (differs === undefined ? '?' : differs ? 'D' : 'S')).join('')
  const { kind, declaredAt, writtenAt } = cause
  const step = `step ${difference.step + 1} ${difference.where}`
  return `${letters} ${kind} ${placeText(declaredAt)} ${placeText(writtenAt)} ${step}`
}

function placeText(place: CodePlace | undefined): string {
  return place === undefined ? '-' : `${place.file}:${place.line}`
}

/** One line for each that is not wholly right, and the shares. */
export function table(scores: readonly Score[]): readonly string[] {
  const wrong = scores.filter(
    ({ isVerdictRight, isKindRight, isLineRight }) =>
      !isVerdictRight || isKindRight === false || isLineRight === false,
  )
  const marks = ({ isVerdictRight, isKindRight, isLineRight }: Score) =>
    `verdict ${mark(isVerdictRight)} kind ${mark(isKindRight)} line ${mark(isLineRight)}`
  const durations = scores.map(({ durationMs }) => durationMs).toSorted((one, other) => one - other)
  const medianMs = durations[Math.floor(durations.length / 2)] ?? 0
  return [
    ...wrong.map((score) => `${score.name}: ${marks(score)}, ${score.said}`),
    `verdicts ${share(scores.map(({ isVerdictRight }) => isVerdictRight))}`,
    `kinds ${share(scores.map(({ isKindRight }) => isKindRight))}`,
    `lines ${share(scores.map(({ isLineRight }) => isLineRight))}`,
    `median ${(medianMs / 1000).toFixed(1)} s`,
  ]
}

function mark(isRight: boolean | undefined): string {
  if (isRight === undefined) return '·'
  return isRight ? '✓' : '✗'
}

function share(answers: readonly (boolean | undefined)[]): string {
  const known = answers.filter((answer) => answer !== undefined)
  return `${known.filter(Boolean).length} of ${known.length}`
}
