// The calls that everything the store does is made of: reading one key, running one script, and following a renewed key.
import type { Clock } from '../../base/clock.ts'
import type { LoadedSession, Successor } from '../../session/store.ts'
import { isOver, wholeDeadlineMs } from '../deadlines.ts'
import type { RedisCommands } from './commands.ts'
import type { KeyNames } from './keys.ts'
import { readHash } from './record.ts'
import type { Found } from './record.ts'
import { textOf } from './reply.ts'
import { runScript } from './script.ts'
import type { Script, ScriptCall } from './script.ts'

/** What the scripts answer; a text is the key of the session's successor, which the call is meant for. */
export const saved = 1
export const gone = 0
export const taken = -1
export const conflict = -2
export const noSumCode = -3
export type Code = typeof saved | typeof gone | typeof taken | typeof conflict | typeof noSumCode
export type Answer = Code | string

const codes: readonly Code[] = [saved, gone, taken, conflict, noSumCode]

/** More renewals than that within one's grace (seconds) are a loop somebody made. */
export const mostForwardings = 16

/** What must have come true of a write that has to outlive the primary before it is acknowledged. */
export interface Confirmation {
  /** How many replicas must have it. */
  readonly replicas: number
  /** How long to wait for them. Others' commands on the connection wait as long. */
  readonly replicaTimeoutMs: number
}

export interface CallSettings extends Confirmation {
  readonly clock: Clock
  readonly names: KeyNames
}

/** What is alive under a key, and the reply that says so. */
export interface Reading {
  readonly found: Found
  readonly reply: unknown
}

export class SessionCalls {
  readonly names: KeyNames
  readonly #settings: CallSettings

  constructor(settings: CallSettings) {
    this.names = settings.names
    this.#settings = settings
  }

  /** The session under a key, wherever it lives on. One round trip, and one more for each renewal it has to follow. */
  async load(redis: RedisCommands, key: string): Promise<LoadedSession | undefined> {
    let successor: Successor | undefined
    for (let at = key, hops = 0; hops <= mostForwardings; hops += 1) {
      const found = (await this.read(redis, at))?.found
      if (found === undefined) return undefined
      if (found.kind === 'session') {
        return successor === undefined ? found.record : { ...found.record, successor }
      }
      // The first one: whoever has the old id can open no other.
      successor ??= found.successor
      at = found.successor.key
    }
    throw forwardedTooOften()
  }

  /** What is alive under this very key. */
  async read(redis: RedisCommands, key: string): Promise<Reading | undefined> {
    const [redisKey, markKey] = [this.names.session(key), this.names.markOf(key)]
    // A session kept by a revocation gets a new generation together with the mark. Where the replies are not of one moment
    // (commands on several connections, or a cached reply) its old generation may meet the new mark: so it is read again.
    for (let looks = 0; looks < 2; looks += 1) {
      const [mark, reply] =
        markKey === undefined
          ? [undefined, await redis.hGetAll(redisKey)]
          : await Promise.all([redis.get(markKey), redis.hGetAll(redisKey)])
      const found = readHash(reply)
      if (found === undefined || isOver(endOf(found), this.#settings.clock.now())) return undefined
      if (found.kind === 'forwarding' || found.generation >= markOf(mark)) return { found, reply }
    }
    return undefined
  }

  /** Runs a script on the session under `key`; its first argument is the time. */
  async run(
    redis: RedisCommands,
    script: Script,
    key: string,
    given: {
      readonly moreKeys?: readonly string[]
      readonly values: readonly string[]
      readonly isConfirmed: boolean
    },
  ): Promise<Answer> {
    const call: ScriptCall = {
      script,
      keys: [this.names.session(key), ...(given.moreKeys ?? this.names.principalOf(key))],
      values: [this.now(), ...given.values],
    }
    return answerOf(given.isConfirmed ? await this.runConfirmed(redis, call) : await runScript(redis, call))
  }

  /** Runs a script and waits for the replicas to have what it wrote. */
  runConfirmed(redis: RedisCommands, call: ScriptCall): Promise<unknown> {
    return runConfirmed(redis, call, this.#settings, (reply) => Number(reply) === saved)
  }

  /** Acts on a key, or on where its session lives on; tells the answer and the key it came from. */
  async follow(
    key: string,
    act: (key: string) => Promise<Answer>,
  ): Promise<{ readonly code: Code; readonly at: string }> {
    for (let at = key, hops = 0; hops <= mostForwardings; hops += 1) {
      const answer = await act(at)
      if (typeof answer === 'number') return { code: answer, at }
      at = answer
    }
    throw forwardedTooOften()
  }

  now(): string {
    return timeText(this.#settings.clock.now())
  }
}

/** A time as the scripts read it. */
export function timeText(timeMs: number): string {
  return String(wholeDeadlineMs(timeMs))
}

/**
 * Runs a script and waits for the replicas to have what it wrote; with none, it only runs it. Rejects when too few have it in
 * time, the outcome then being unknown.
 */
export async function runConfirmed(
  redis: RedisCommands,
  call: ScriptCall,
  { replicas, replicaTimeoutMs }: Confirmation,
  isWritten: (reply: unknown) => boolean = () => true,
): Promise<unknown> {
  const [key] = call.keys
  if (replicas === 0 || key === undefined) return runScript(redis, call)
  let confirmed: unknown
  const reply = await runScript(redis, call, async () => {
    confirmed = await waitForReplicas(redis, key, replicas, replicaTimeoutMs)
  })
  // What was not written need not be anywhere.
  if (!isWritten(reply) || Number(confirmed) >= replicas) return reply
  throw new Error(
    `${String(confirmed)} of ${replicas} replicas have the change in time, its outcome is unknown`,
  )
}

function waitForReplicas(
  redis: RedisCommands,
  key: string,
  replicas: number,
  timeoutMs: number,
): Promise<unknown> {
  if (redis.waitOn !== undefined) return redis.waitOn(key, replicas, timeoutMs)
  if (redis.wait !== undefined) return redis.wait(replicas, timeoutMs)
  throw new Error('the Redis client knows no WAIT')
}

function endOf(found: Found): number {
  return found.kind === 'session' ? found.record.idleDeadlineMs : found.untilMs
}

function markOf(reply: unknown): number {
  const mark = Number(textOf(reply) ?? 0)
  if (Number.isNaN(mark)) throw new Error('the revocation mark is malformed')
  return mark
}

function answerOf(reply: unknown): Answer {
  const successor = Array.isArray(reply) ? textOf(reply[0]) : undefined
  if (successor !== undefined) return successor
  const code = codes.find((known) => known === Number(reply))
  if (code === undefined)
    throw new Error(`the script answered ${JSON.stringify(reply)}, wanted a code or a key`)
  return code
}

function forwardedTooOften(): Error {
  return new Error(`the session was renewed more than ${mostForwardings} times in a moment`)
}
