// Of all that a crawl asked, the steps that make a good flow: every write, what it needs, and the reads that would show it.
import type { HttpStep } from '../flow/flow.ts'
import { weave } from '../flow/weave.ts'
import { foldPath } from './routes.ts'
import type { Visit } from './visitor.ts'

/** In the order in which they were asked, at most `maxSteps`. */
export function selectSteps(visits: readonly Visit[], maxSteps: number): readonly HttpStep[] {
  const woven = weave(choose(visits, maxSteps).map(({ step, answer }) => ({ step, answer })))
  // Ids of this run say nothing to anybody.
  return woven.map((step) => Object.assign({}, step, { origin: `${step.method} ${step.path}, crawled` }))
}

function choose(visits: readonly Visit[], maxSteps: number): readonly Visit[] {
  const ranked = visits
    .map((visit) => ({ visit, worth: worthOf(visit, visits) }))
    .filter(({ worth }) => worth > 0)
    .toSorted((left, right) => right.worth - left.worth || left.visit.index - right.visit.index)
  const kept = new Set<number>()
  for (const { visit } of ranked) {
    const group = [...withNeeds(visit, visits)].filter((index) => !kept.has(index))
    if (kept.size + group.length > maxSteps) continue
    for (const index of group) kept.add(index)
  }
  return visits.filter(({ index }) => kept.has(index))
}

function withNeeds(visit: Visit, visits: readonly Visit[], into = new Set<number>()): ReadonlySet<number> {
  if (into.has(visit.index)) return into
  into.add(visit.index)
  for (const need of visit.needs) {
    const needed = visits[need]
    if (needed !== undefined) withNeeds(needed, visits, into)
  }
  return into
}

/** 0: the flow is better without. */
function worthOf(visit: Visit, visits: readonly Visit[]): number {
  const { purpose, answer } = visit
  if (purpose === 'failed') return 0
  if (purpose === 'refused') return 35
  if (purpose === 'burst') return 65
  const isGood = answer.status >= 200 && answer.status < 400
  if (purpose === 'read-back')
    return answer.status < 500 && answer.status > 0 ? readBackWorth(visit, visits) : 0
  if (!isGood)
    return purpose === 'read' && [401, 403, 404, 410].includes(answer.status) && !isRepeated(visit, visits)
      ? 12
      : 0
  if (purpose === 'enter') return 100
  if (purpose === 'write') return isRepeated(visit, visits) ? 60 : 90
  if (purpose === 'end') return 70
  return isRepeated(visit, visits) ? 5 : purpose === 'probe' ? 30 : 50
}

function readBackWorth(visit: Visit, visits: readonly Visit[]): number {
  const isMissing = visit.answer.status >= 400
  const isDeleted = visit.needs.some((need) => visits[need]?.purpose === 'end')
  if (isMissing && !isDeleted) return 0
  const before = visits.slice(0, visit.index).filter((each) => isSameRequest(each, visit))
  return before.length > 3 ? 40 : 80 - before.length
}

function isSameRequest(one: Visit, other: Visit): boolean {
  return (
    one.step.client === other.step.client &&
    one.step.method === other.step.method &&
    one.step.path === other.step.path
  )
}

/** The same route was driven by the same client before; two are enough. */
function isRepeated(visit: Visit, visits: readonly Visit[]): boolean {
  const route = foldPath(visit.step.path)
  const same = visits.slice(0, visit.index).filter(({ step }) => {
    return (
      step.client === visit.step.client && step.method === visit.step.method && foldPath(step.path) === route
    )
  })
  return same.length > 0
}
