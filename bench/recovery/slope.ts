// Whether a process's memory grows: a straight line through what it held, once it has warmed up.
import type { SoakRow } from './soak-row.ts'

/** Caches fill and compilers finish in the first part. */
const warmUpPart = 1 / 3
/** Below this nobody would notice in a month of restarting weekly: it is the scatter of pages, not a leak. */
const flatMbPerMinute = 0.05

/** Throws with fewer than three samples after the warm-up, through which every line is a good one. */
export function judgeMemory(process: string, samples: SoakRow['samples']): SoakRow {
  const end = samples.at(-1)?.[0] ?? 0
  const settled = samples.filter(([seconds]) => seconds >= end * warmUpPart)
  if (settled.length < 3) throw new Error(`Cannot judge the memory of ${process}: too few samples`)
  const { slope, standardError } = fitLine(settled)
  const [slopeMbPerMinute, error] = [slope * 60, standardError * 60]
  // Growth that the scatter alone may show is none.
  const isFlat = slopeMbPerMinute <= Math.max(flatMbPerMinute, 2 * error)
  return { process, samples, slopeMbPerMinute, standardError: error, isFlat }
}

/** Ordinary least squares. */
function fitLine(points: SoakRow['samples']): { readonly slope: number; readonly standardError: number } {
  const mean = (part: 0 | 1) => points.reduce((sum, point) => sum + point[part], 0) / points.length
  const [meanX, meanY] = [mean(0), mean(1)]
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  return { slope, standardError: Math.sqrt(rest / (points.length - 2) / spread) }
}
