// A decision in words, with its inputs: one line for the log.
import type { Bound } from './bounds.ts'
import type { Signal } from './options.ts'
import type { Want } from './wants.ts'

export interface Grounds {
  readonly current: number
  readonly concurrencyLimit: number
  /** What the signals want; of two of the same signal, the second is that of the panic window. */
  readonly wants: readonly Want[]
  readonly isPanic: boolean
  /** What the fleet keeps though less is wanted: in panic, or because more was wanted within `stabilizationMs`. */
  readonly kept: number | undefined
  readonly stabilizationMs: number
  readonly bounds: readonly Bound[]
}

const names: Readonly<Record<Signal, string>> = {
  concurrency: 'concurrency',
  eventLoop: 'event loop',
  cpu: 'CPU',
}

/** Such as 'concurrency 37 over 60 s wants 6; CPU 45 % over 60 s wants 3; limited by max 4'. */
export function explain(grounds: Grounds): string {
  const { current, concurrencyLimit, wants, isPanic, kept, stabilizationMs, bounds } = grounds
  return [
    ...(wants.length === 0 ? [`nothing is measured, keeps ${current}`] : []),
    ...wants.map((want) => wantPhrase(want, current, concurrencyLimit)),
    ...(isPanic ? ['panic'] : []),
    ...(kept === undefined ? [] : [keptPhrase(kept, isPanic, stabilizationMs)]),
    ...bounds.map(({ name, instances }) => `limited by ${name} ${instances}`),
  ].join('; ')
}

function wantPhrase(want: Want, current: number, concurrencyLimit: number): string {
  const { signal, load, windowMs, instances, isLimitedByCores } = want
  const verb = instances === current ? 'keeps' : 'wants'
  const name = names[signal]
  if (load.measured === 0 && load.low === 0)
    return `${name} unknown over ${seconds(windowMs)} ${verb} ${instances}`
  const figure =
    signal === 'concurrency'
      ? rounded(load.low * concurrencyLimit)
      : `${Math.round((100 * load.low) / load.measured)} %`
  const limit = isLimitedByCores ? ', limited by cores' : ''
  return `${name} ${figure} over ${seconds(windowMs)} ${verb} ${instances}${limit}`
}

function keptPhrase(kept: number, isPanic: boolean, stabilizationMs: number): string {
  return isPanic ? `keeps ${kept} in panic` : `keeps ${kept}, wanted within ${seconds(stabilizationMs)}`
}

const seconds = (ms: number): string => `${rounded(ms / 1_000)} s`

const rounded = (value: number): string => String(Math.round(value * 10) / 10)
