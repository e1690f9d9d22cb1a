// What a proof is doing, while it does it: one line that is drawn again where somebody looks, else a line now and then.
import type { Phase, Progress } from '../../prove/request.ts'
import type { Mode } from '../../prove/trace.ts'
import type { Printer } from '../printer.ts'
import { createScreen, type ScreenSize } from '../screen.ts'

export interface ProgressView {
  show(progress: Progress): void
  end(): void
}

const phaseWords: Readonly<Record<Phase, string>> = {
  prepare: 'getting ready',
  baseline: 'one instance alone',
  schedule: 'looking for a difference',
  confirm: 'once more, to be sure',
  shrink: 'looking for the shortest flow',
  explain: 'looking for the cause',
}

const modeWords: Readonly<Record<Mode, string>> = {
  single: 'one instance',
  'private-disk': 'a disk for each instance',
  'shared-disk': 'one disk for all',
  restart: 'restarts',
}

/** A terminal cannot be read faster. */
const redrawMs = 100

export const silentProgress: ProgressView = { show: () => undefined, end: () => undefined }

/** `now`: monotonic milliseconds. */
export function createProgressView(
  printer: Pick<Printer, 'out' | 'err' | 'isTerminal' | 'paint'>,
  now: () => number,
  size?: () => ScreenSize,
): ProgressView {
  return printer.isTerminal ? liveView(printer, now, size) : sparseView(printer)
}

function liveView(
  printer: Pick<Printer, 'out' | 'paint'>,
  now: () => number,
  size: (() => ScreenSize) | undefined,
): ProgressView {
  const screen = createScreen(printer, true, size)
  let drawnAtMs = Number.NEGATIVE_INFINITY
  let isDrawn = false
  return {
    show: (progress) => {
      if (now() - drawnAtMs < redrawMs) return
      drawnAtMs = now()
      isDrawn = true
      screen.show([printer.paint('dim', progressLine(progress))])
    },
    end: () => {
      if (isDrawn) screen.end()
    },
  }
}

/** One line when the first of a kind of run begins, on standard error: what is piped on is the report. */
function sparseView({ err }: Pick<Printer, 'err'>): ProgressView {
  const told = new Set<string>()
  return {
    show: (progress) => {
      const { phase, run, mode, isOfTests } = progress
      const line = [...runWords(run), ...whatWords(progress)].join(', ')
      const key = `${phase} ${mode} ${isOfTests === true}`
      if (!told.has(key)) err(line)
      told.add(key)
    },
    end: () => undefined,
  }
}

/** `run 4, looking for a difference, one disk for all, step 3 of 12`; `run 2, your tests, one instance alone, request 7`. */
export function progressLine(progress: Progress): string {
  return [...runWords(progress.run), ...whatWords(progress), ...whereWords(progress)].join(', ')
}

function whereWords({ run, step, steps, isOfTests }: Progress): readonly string[] {
  if (step === 0 || steps === 0) return run === 0 ? [] : ['starting']
  if (isOfTests === true) return [steps > step ? `request ${step} of about ${steps}` : `request ${step}`]
  return [`step ${step} of ${steps}`]
}

function whatWords({ phase, mode, isOfTests }: Progress): readonly string[] {
  // A run that makes sure may be on one instance.
  if (isOfTests === true && mode === 'single') return ['your tests', phaseWords.baseline]
  return isOfTests === true ? ['your tests', ...phaseAndMode(phase, mode)] : phaseAndMode(phase, mode)
}

function runWords(run: number): readonly string[] {
  return run === 0 ? [] : [`run ${run}`]
}

function phaseAndMode(phase: Phase, mode: Mode): readonly string[] {
  return phase === 'prepare' || phase === 'baseline'
    ? [phaseWords[phase]]
    : [phaseWords[phase], modeWords[mode]]
}
