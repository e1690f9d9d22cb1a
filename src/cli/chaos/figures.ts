// Figures as a person reads them.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** `12,345`. */
export function formatCount(count: number): string {
  return whole.format(count)
}

/** `0.4 ms`, `310 ms`, `1.2 s`. */
export function formatMs(ms: number): string {
  if (ms < 1) return `${ms.toFixed(1)} ms`
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
}

/** `-` for what is not known, `over 1 minute` for what is beyond all that is told apart. */
export function formatKnownMs(ms: number | null): string {
  if (ms === null) return '-'
  return ms === Infinity ? 'over 1 minute' : formatMs(ms)
}
