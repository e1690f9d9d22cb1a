// Says how long something has lasted, in the two units that matter.

/** `12 s`, `2 m 10 s`, `3 h 4 m`, `2 d 3 h`. */
export function formatAge(durationMs: number): string {
  const seconds = Math.floor(Math.max(0, durationMs) / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} m ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ${minutes % 60} m`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}
