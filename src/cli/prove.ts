// `drover prove`: whether an app's answers depend on which of its servers gives them, why, and on which line.
import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { DroverError, isDroverError } from '../base/errors.ts'
import type { Proof } from '../prove/finding.ts'
import { explanationLines, kindList, readKind } from '../prove/report/explain.ts'
import { htmlReport } from '../prove/report/html/page.ts'
import type { ReportInput } from '../prove/report/input.ts'
import { jsonReport } from '../prove/report/json.ts'
import { junitReport } from '../prove/report/junit.ts'
import { sarifReport } from '../prove/report/sarif.ts'
import { terminalLines, type Paint, type Tone } from '../prove/report/terminal.ts'
import type { ProofRun, Prove, ProveRequest } from '../prove/request.ts'
import { shownPath } from '../config/shown-path.ts'
import { decideInterrupt } from '../runtime/interrupt.ts'
import type { CliContext } from './context.ts'
import { exitCodes, Said, type ExitCode } from './failure.ts'
import type { Printer, Style } from './printer.ts'
import { assembleReport } from './prove/assemble.ts'
import { addProveFlags, type ProveFlags } from './prove/flags.ts'
import { readProveOptions, type Outputs, type ProveOptions } from './prove/options.ts'
import { createProgressView, silentProgress } from './prove/progress.ts'
import { undecided } from './prove/undecided.ts'

const verdictCodes: Readonly<Record<Proof['verdict']['verdict'], ExitCode>> = {
  'no-divergence': exitCodes.done,
  stateful: exitCodes.failed,
  'could-not-judge': exitCodes.usage,
}

export function proveCommand(context: CliContext, prove: Prove): Command {
  const command = new Command('prove')
    .description('find out whether answers depend on which server gives them, why, and on which line')
    .argument('[command...]', 'the program of the app and its arguments, after --')
  addProveFlags(command).addHelpText('after', helpAfter(context.program))
  return command.action(async (words: readonly string[], flags: ProveFlags) => {
    if (flags.explain !== undefined) explain(context, flags.explain)
    else await judge(context, prove, words, flags)
  })
}

function helpAfter(program: string): string {
  return `
The app runs unmodified, as several instances, each with a copy of its folder; what it writes there is thrown away.
Its port is in PORT; one that is written into its code is found.

Examples:
  ${program} prove -- node server.js
  ${program} prove --flow checkout.yaml --reset 'npm run db:reset' -- npm start
  ${program} prove --tests 'npm run e2e' --html report.html -- npm start
  ${program} prove --targets http://10.0.0.1:80,http://10.0.0.2:80 --flow checkout.yaml
  ${program} prove --explain in-memory-session

Exit codes: 0 no divergence, 1 stateful, 2 could not judge or wrong usage`
}

function explain({ printer, program }: CliContext, kind: string | true): void {
  const heading = (text: string) => printer.paint('bold', text)
  const lines = kind === true ? kindList(program) : explanationLines(readKind(kind), heading)
  for (const line of lines) printer.out(line)
}

async function judge(
  context: CliContext,
  prove: Prove,
  words: readonly string[],
  flags: ProveFlags,
): Promise<void> {
  const options = readProveOptions(words, flags, context)
  const run = await runUntilInterrupted(context, prove, options)
  const input = await assembleReport(run, options.request, flags, context, new Date())
  if (options.isJson) context.printer.out(jsonReport(input))
  else for (const line of terminalLines(input, painter(context.printer))) context.printer.out(line)
  await writeOutputs(input, options.outputs, (path) => {
    if (!options.isJson) context.printer.out(`wrote ${shownPath(path, context.currentDir)}`)
  })
  await context.printer.taken()
  const code = verdictCodes[input.proof.verdict.verdict]
  if (code !== exitCodes.done) throw new Said(code)
}

/** Rejects with OPTION_INVALID, and with Said once interrupted; all else that goes wrong is a run without a verdict. */
async function runUntilInterrupted(
  { printer }: CliContext,
  prove: Prove,
  { request, isJson }: ProveOptions,
): Promise<ProofRun> {
  const startedAtMs = performance.now()
  const view = isJson ? silentProgress : createProgressView(printer, () => performance.now())
  const interruption = new AbortController()
  const stopListening = onInterrupt(interruption)
  try {
    return await prove(request, {
      onProgress: (progress) => {
        view.show(progress)
      },
      signal: interruption.signal,
    })
  } catch (error) {
    if (isDroverError(error, 'OPTION_INVALID')) throw error
    if (!interruption.signal.aborted) return brokenOff(request, error, performance.now() - startedAtMs)
    printer.err('interrupted: nothing was judged')
    throw new Said(exitCodes.usage)
  } finally {
    stopListening()
    view.end()
  }
}

function brokenOff(request: ProveRequest, error: unknown, durationMs: number): ProofRun {
  return undecided(request, error instanceof Error ? error.message : String(error), durationMs)
}

/** The first signal ends the proof, with its servers and folders; a later one ends this process, whatever is left. */
function onInterrupt(interruption: AbortController): () => void {
  let firstAtMs: number | undefined
  const listener = () => {
    const decision = decideInterrupt(firstAtMs, performance.now())
    firstAtMs ??= performance.now()
    if (decision === 'stop') interruption.abort()
    if (decision === 'abort') process.exit(exitCodes.usage)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}

async function writeOutputs(
  input: ReportInput,
  { html, sarif, junit }: Outputs,
  wrote: (path: string) => void,
): Promise<void> {
  const reports = [
    [html, htmlReport],
    [sarif, sarifReport],
    [junit, junitReport],
  ] as const
  for (const [path, report] of reports) {
    if (path === undefined) continue
    await writeReport(path, report(input))
    wrote(path)
  }
}

/** Exit code 1 would say that the app is stateful. */
async function writeReport(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text.toWellFormed())
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new DroverError('OPTION_INVALID', `Cannot write ${path}: ${reason}`, { cause })
  }
}

const styles: Readonly<Record<Tone, Style>> = {
  good: ['bold', 'green'],
  bad: ['bold', 'red'],
  unsure: ['bold', 'yellow'],
  strong: 'bold',
  faint: 'dim',
}

function painter(printer: Printer): Paint {
  return (tone, text) => printer.paint(styles[tone], text)
}
