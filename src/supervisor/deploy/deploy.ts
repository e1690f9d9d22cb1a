// A rolling deploy as a pure decision: what was seen so far and a picture of the fleet in; how many instances are to be of the new
// version, what there is to tell, and in the end a verdict, out.
//
//   canary ──▶ surge ──▶ done
//      └────────┴──────▶ restoring ──▶ failed | aborted
import { startKey } from '../../base/wire.ts'
import { isPresent } from '../plan.ts'
import { judgeErrors, judgeLatency } from './gates.ts'
import {
  setBack,
  type DeployDecision,
  type DeployLimits,
  type DeployNews,
  type DeployPicture,
  type DeployPlan,
  type DeployState,
  type Setback,
} from './state.ts'
import {
  followSteps,
  isHealthy,
  noteDeath,
  type DeployedDeath,
  type HealthyRule,
  type InstanceStep,
} from './steps.ts'

/**
 * In a row, of one instance before it was ready or right after: the kernel has no memory for it. Where others were killed as often, it is
 * chance: who kills a random one of four each second hits one that starts within a second five times in a row in one deploy of a hundred, and
 * one that starts slowly more often.
 */
const mostEarlyKills = 5
/** Of the new version, before any of its instances is found good: under a SIGKILL a second a good version must get through. */
const mostKills = 20
/**
 * A verdict on errors must hold for so long. A balancer may tell of what a SIGKILL cost before the death is known, and that is
 * not the version's fault.
 */
const suspicionMs = 300
/** So many healthy times more a step may take to show that it is as fast. */
const slowPatience = 5
/** After a setback nobody is kept waiting for longer, should the old version not come back. */
const restoreLimitMs = 60_000

/** `instances` are there already: what they have been through is no news. */
export function beginDeploy(
  plan: DeployPlan,
  picture: Pick<DeployPicture, 'nowMs' | 'wanted' | 'instances'>,
): DeployState {
  const { nowMs, wanted, instances } = picture
  const rule = { nowMs, fresh: plan.fresh.number, healthyTimeMs: 0 }
  return {
    plan,
    beganAtMs: nowMs,
    phase: plan.canary === undefined ? 'surge' : 'canary',
    aimed: Math.min(wanted, plan.canary === undefined ? plan.surge : canaries(plan.canary.share, wanted)),
    exchanged: 0,
    proven: 0,
    proved: new Set(),
    seen: followSteps(new Map(), instances, rule).seen,
    kills: 0,
    otherKills: 0,
  }
}

/** At least one, and not all where there is more than one. */
export function canaries(share: number, wanted: number): number {
  return Math.max(1, Math.min(Math.round(share * wanted), wanted - 1))
}

/** To be asked after every change, and from time to time. */
export function decideDeploy(
  state: DeployState,
  picture: DeployPicture,
  limits: DeployLimits,
): DeployDecision {
  const followed = follow(state, picture, limits)
  const judged = judge(followed.state, picture, limits)
  if (judged.setback !== undefined) return decideRestoring(judged, judged.setback, picture, followed.news)
  const count = countInstances(judged, picture)
  const progress = progressOf(judged, count, picture)
  const decision = advance(progress.state, count, picture, limits)
  return { ...decision, news: [...followed.news, ...progress.news, ...decision.news] }
}

interface Followed {
  readonly state: DeployState
  readonly news: readonly DeployNews[]
}

function follow(state: DeployState, picture: DeployPicture, limits: DeployLimits): Followed {
  const { nowMs } = picture
  const rule = ruleOf(state, picture, limits)
  let next = state
  const told: InstanceStep[] = []
  for (const death of picture.deaths) {
    next = takeDeath(next, death, nowMs)
    const noted = noteDeath(next.seen, death)
    next = { ...next, seen: noted.seen }
    told.push(...noted.steps)
  }
  const { seen, steps } = followSteps(next.seen, picture.instances, rule)
  told.push(...steps)
  const isAnyHealthy = steps.some(({ step }) => step === 'healthy')
  return {
    state: { ...next, seen, proved: provedIds(next, picture, rule), kills: isAnyHealthy ? 0 : next.kills },
    news: told.map((step): DeployNews => ({ kind: 'instance', step })),
  }
}

function provedIds(
  { proved }: DeployState,
  { instances }: DeployPicture,
  rule: HealthyRule,
): ReadonlySet<string> {
  const own = instances.filter((one) => one.version === rule.fresh && isPresent(one))
  return new Set(own.filter((one) => proved.has(one.id) || isHealthy(one, rule)).map(({ id }) => id))
}

/** What a death says of the new version. `seen` is as it was before it. */
function takeDeath(state: DeployState, death: DeployedDeath, nowMs: number): DeployState {
  const { fresh } = state.plan
  if (state.setback !== undefined) return state
  if (death.version !== fresh.number)
    return death.isKill ? { ...state, otherKills: state.otherKills + 1 } : state
  const { id, epoch } = death
  const fail = (reason: string) =>
    setBack(state, { outcome: 'failed', reason, culprit: { id, epoch } }, nowMs)
  const named = `instance ${id} of version ${fresh.label}`
  if (death.isKill) {
    const kills = state.kills + 1
    if (death.earlyDeaths >= mostEarlyKills && death.earlyDeaths > state.otherKills)
      return fail(`${named} was killed by SIGKILL ${death.earlyDeaths} times in a row`)
    if (kills >= mostKills)
      return fail(`instances of version ${fresh.label} were killed by SIGKILL ${kills} times`)
    return { ...state, kills }
  }
  const step = state.seen.get(startKey(death))?.step
  const isOver = step === 'draining'
  const wasProved = step === 'healthy' && state.phase !== 'canary'
  if (!isOver && !wasProved) return fail(`${named} ${death.reason}`)
  return { ...state, proved: new Set([...state.proved].filter((one) => one !== id)) }
}

/** The gate that is always closed to a version which fails too often. */
function judge(state: DeployState, picture: DeployPicture, { errorRate }: DeployLimits): DeployState {
  if (state.setback !== undefined) return state
  const reason = judgeErrors(picture.served, labelsOf(state), errorRate)
  const { suspectedAtMs, ...trusted } = state
  if (reason === undefined) return trusted
  const sinceMs = suspectedAtMs ?? picture.nowMs
  if (picture.nowMs - sinceMs >= suspicionMs)
    return setBack(trusted, failure(state, picture, reason), picture.nowMs)
  return { ...trusted, suspectedAtMs: sinceMs }
}

/** It answers badly without dying: any of its instances can tell why. */
function failure({ plan }: DeployState, { instances }: DeployPicture, reason: string): Setback {
  const one = instances.find(({ version, state }) => version === plan.fresh.number && state === 'ready')
  if (one === undefined) return { outcome: 'failed', reason }
  return { outcome: 'failed', reason, culprit: { id: one.id, epoch: one.epoch } }
}

interface Count {
  /** Of the new version: those that serve, and those of them that have proved to be good. */
  readonly ready: number
  readonly healthy: number
  /** Of other versions: those that serve, or would like to. */
  readonly others: number
}

function countInstances({ plan, proved }: DeployState, { instances }: DeployPicture): Count {
  const fresh = plan.fresh.number
  const servers = instances.filter(({ role }) => role === 'server')
  // One that is to be replaced counts: there may be no room for the one after it before an old one has gone.
  const ready = servers.filter((one) => one.version === fresh && one.state === 'ready')
  return {
    ready: ready.length,
    healthy: ready.filter(({ id }) => proved.has(id)).length,
    others: servers.filter((one) => one.version !== fresh && isPresent(one)).length,
  }
}

function progressOf(state: DeployState, { healthy }: Count, { wanted }: DeployPicture): Followed {
  const next = { ...state, exchanged: healthy }
  if (healthy <= state.exchanged) return { state: next, news: [] }
  return { state: next, news: [{ kind: 'progress', exchanged: Math.min(healthy, wanted), of: wanted }] }
}

/** The next step, if this one has come to its end. */
function advance(
  state: DeployState,
  count: Count,
  picture: DeployPicture,
  limits: DeployLimits,
): DeployDecision {
  const { wanted, nowMs, served } = picture
  const looked = state.phase === 'canary' ? lookAtCanaries(state, count, picture) : { state, news: [] }
  const { news } = looked
  // The fleet may have been scaled meanwhile.
  const aimed = Math.min(wanted, looked.state.aimed)
  const proven = Math.min(aimed, Math.max(state.proven, count.healthy))
  const { slowAtMs = nowMs, ...trusted } = looked.state
  const current = { ...trusted, aimed, proven }
  const isWhole = count.healthy >= aimed && count.others <= wanted - aimed
  const waiting: DeployDecision = { state: current, next: { instances: aimed, proven, isBad: false }, news }
  if (!isWhole || current.suspectedAtMs !== undefined) return waiting
  const slow = judgeLatency(served, labelsOf(state), limits.latency)
  if (slow !== undefined) return awaitSpeed(waiting, { reason: slow, sinceMs: slowAtMs }, picture, limits)
  if (isStillWatched(current, nowMs)) return waiting
  if (aimed >= wanted) return { ...waiting, verdict: { outcome: 'done' } }
  const more = Math.min(wanted, aimed + state.plan.surge)
  const next: DeployState = { ...current, phase: 'surge', aimed: more }
  return { state: next, next: { instances: more, proven, isBad: false }, news }
}

/** New instances are slow while they warm up: the step waits for them to make up for it, but not for ever. */
function awaitSpeed(
  waiting: DeployDecision,
  { reason, sinceMs }: { readonly reason: string; readonly sinceMs: number },
  picture: DeployPicture,
  { healthyTimeMs }: DeployLimits,
): DeployDecision {
  const { state, news } = waiting
  const { nowMs } = picture
  if (nowMs - sinceMs < slowPatience * healthyTimeMs)
    return { ...waiting, state: { ...state, slowAtMs: sinceMs } }
  const setback = failure(state, picture, reason)
  return decideRestoring(setBack(state, setback, nowMs), setback, picture, news)
}

function lookAtCanaries(state: DeployState, count: Count, { wanted, nowMs }: DeployPicture): Followed {
  const { canary } = state.plan
  if (canary === undefined) return { state, news: [] }
  const aimed = canaries(canary.share, wanted)
  const next = { ...state, aimed }
  if (state.canariesAtMs !== undefined || count.ready < aimed) return { state: next, news: [] }
  return {
    state: { ...next, canariesAtMs: nowMs },
    news: [{ kind: 'canary', instances: aimed, forMs: canary.forMs }],
  }
}

function isStillWatched({ phase, plan, canariesAtMs }: DeployState, nowMs: number): boolean {
  if (phase !== 'canary' || plan.canary === undefined) return false
  return canariesAtMs === undefined || nowMs - canariesAtMs < plan.canary.forMs
}

/** Until the old version is back in full. */
function decideRestoring(
  state: DeployState,
  setback: Setback,
  picture: DeployPicture,
  news: readonly DeployNews[],
): DeployDecision {
  // What was given up may be good, and serves until others are ready; what failed is not waited for.
  const next = { instances: 0, proven: 0, isBad: setback.outcome === 'failed' }
  const { nowMs, wanted, instances } = picture
  const { number } = state.plan.fresh
  const isLeft = instances.some((one) => one.version === number && isPresent(one))
  const ready = instances.filter(
    ({ version, role, state: is }) => version !== number && role === 'server' && is === 'ready',
  ).length
  if (!isLeft && ready >= wanted) return { state, next, news, verdict: setback }
  if (nowMs - (state.setbackAtMs ?? nowMs) < restoreLimitMs) return { state, next, news }
  const reason = `${setback.reason}; of version ${state.plan.old.label} ${ready} of ${wanted} instances are ready`
  return { state, next, news, verdict: { ...setback, reason } }
}

function ruleOf(
  { plan }: DeployState,
  { nowMs }: DeployPicture,
  { healthyTimeMs }: DeployLimits,
): HealthyRule {
  return { nowMs, fresh: plan.fresh.number, healthyTimeMs }
}

function labelsOf({ plan }: DeployState): { readonly fresh: string; readonly old: string } {
  return { fresh: plan.fresh.label, old: plan.old.label }
}
