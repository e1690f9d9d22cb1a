// What a pain is to the suite: a scenario that is run against a library and tells what was seen.
import type { RedisClient } from '../redis.ts'
import type { Place } from '../program.ts'
import type { Stage } from '../stage.ts'
import type { PainSettings } from '../contenders/pains/settings.ts'
import type { Subject } from './subjects.ts'

export interface Observation {
  readonly suffers: boolean
  /** What was seen, in words that hold the figures the verdict came from. */
  readonly seen: string
}

export interface Scenario {
  readonly pain: string
  /** Why it cannot happen to this library at all; undefined where it can, and so is tried. */
  readonly exempts: (subject: Subject) => string | undefined
  readonly observe: (scene: Scene) => Promise<Observation>
}

/** A library at work: two servers of one app on one Redis, and whatever else a scenario starts. */
export interface Scene {
  readonly subject: Subject
  /** For what this scenario sets up; cleared at its end. */
  readonly stage: Stage
  /** The origins of two servers of the same app. */
  readonly a: string
  readonly b: string
  /** The Redis that both keep their sessions in, and a connection to look into it. */
  readonly url: string
  readonly redis: RedisClient
  /** One more server of the app, set up otherwise: its origin. */
  readonly startServer: (settings: Partial<PainSettings>, place?: Place) => Promise<string>
}

export type Verdict = 'suffers' | 'free of it' | 'does not apply'

export interface Finding {
  readonly pain: string
  readonly library: string
  readonly verdict: Verdict
  readonly seen: string
}

/** How long an ended session may go on being accepted before that counts as surviving: a page's load. */
export const revocationPatienceMs = 1_000

/** For scenarios about what a store does. */
export function keepsNothingInAStore(subject: Subject): string | undefined {
  return subject.keeps === 'in the cookie' ? 'keeps the session in the cookie, in no store' : undefined
}

export function tryEverybody(): undefined {
  return undefined
}
