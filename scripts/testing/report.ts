// Reads what Node's spec reporter printed at the end of a run, and adds such endings up.
import { stripVTControlCharacters } from 'node:util'

const countNames = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo'] as const
export type Counts = Readonly<Record<(typeof countNames)[number], number>>

const closingLine = /^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/

const noCounts: Counts = { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 }

/** The counts of one run; all zero when it died before it could tell. */
export function readCounts(output: string): Counts {
  const found: Record<string, number> = {}
  for (const line of stripVTControlCharacters(output).split('\n')) {
    const match = closingLine.exec(line)
    if (match?.[1] !== undefined) found[match[1]] = Number(match[2])
  }
  return { ...noCounts, ...found }
}

/** Files without a test: Node counts each as one passing test that bears the path of the file. */
export function filesWithoutTest(output: string): string[] {
  const lines = stripVTControlCharacters(output).split('\n')
  return lines.map((line) => /^✔ (\/.*\.ts) \(/.exec(line)?.[1]).filter((path) => path !== undefined)
}

/** The output without its own closing lines, so that the whole run has one ending. */
export function withoutClosingLines(output: string): string {
  return output
    .split('\n')
    .filter((line) => !closingLine.test(stripVTControlCharacters(line)))
    .join('\n')
    .trimEnd()
}

/** What the reporter repeats at its end of tests that failed, with their errors; empty where none did. */
export function failuresIn(output: string): string {
  const lines = withoutClosingLines(output).split('\n')
  const begin = lines.findLastIndex((line) => stripVTControlCharacters(line) === '✖ failing tests:')
  return begin < 0
    ? ''
    : lines
        .slice(begin + 1)
        .join('\n')
        .trim()
}

/** Adds runs up. One that failed without a failing test of its own (it hung, died, left something) counts as one. */
export function addCounts(runs: readonly { readonly counts: Counts; readonly isGood: boolean }[]): Counts {
  const total: Record<(typeof countNames)[number], number> = { ...noCounts }
  for (const { counts, isGood } of runs) {
    for (const name of countNames) total[name] += counts[name]
    if (!isGood && counts.fail + counts.cancelled === 0) {
      total.tests += 1
      total.fail += 1
    }
  }
  return total
}

/** The ending of the whole run, in the words of Node's spec reporter. */
export function formatCounts(counts: Counts, durationMs: number): string {
  const lines = countNames.map((name) => `ℹ ${name} ${counts[name]}`)
  return [...lines, `ℹ duration_ms ${durationMs}`].join('\n')
}
