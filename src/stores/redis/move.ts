// Moving a session to a new key: in one script where one reaches both keys, else step by step. A Cluster refuses scripts
// whose keys are in two slots, as a visitor's and a signed-in session's are.
import type { Forwarding, SessionChange, SessionIdentity, SessionRecord } from '../../session/store.ts'
import { changed, meets } from '../memory/change.ts'
import { conflict, gone, saved, taken, timeText } from './calls.ts'
import type { Answer, SessionCalls } from './calls.ts'
import { changeArguments } from './change.ts'
import type { RedisCommands } from './commands.ts'
import { leadsToText, whoText } from './record.ts'
import { eachField } from './reply.ts'
import { createScript, deleteScript, forwardScript, replaceScript, retireScript } from './script.ts'

export interface Move {
  readonly newKey: string
  readonly identity: SessionIdentity
  readonly change: SessionChange
  readonly forwarding: Forwarding | undefined
}

/** Saves of other servers that a move in steps may meet before it gives up. */
const mostAttempts = 10

/** Replaces the session under `key` in one script. */
export function moveAtOnce(
  calls: SessionCalls,
  redis: RedisCommands,
  key: string,
  { newKey, identity, change, forwarding }: Move,
): Promise<Answer> {
  const [oldPrincipal, newPrincipal] = [calls.names.principalOf(key), calls.names.principalOf(newKey)]
  return calls.run(redis, replaceScript, key, {
    moreKeys: [calls.names.session(newKey), ...oldPrincipal, ...newPrincipal],
    values: [
      timeText(change.idleDeadlineMs),
      ...identityArguments(identity),
      oldPrincipal.length > 0 ? '1' : '0',
      newPrincipal.length > 0 ? '1' : '0',
      ...forwardingArguments(newKey, forwarding),
      ...changeArguments(change),
    ],
    isConfirmed: true,
  })
}

/**
 * Replaces the session under `key` step by step: copies it to the new key, which nobody knows yet, then ends the old one
 * if it still is what was copied. So no save of another server is lost, and a crash in between leaves the old session as
 * it was (and a copy that expires unused).
 */
export async function moveInSteps(
  calls: SessionCalls,
  redis: RedisCommands,
  key: string,
  move: Move,
): Promise<Answer> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const reading = await calls.read(redis, key)
    if (reading === undefined) return gone
    const { found, reply } = reading
    if (found.kind === 'forwarding') return found.successor.key
    if (!meets(found.record.fields, move.change)) return conflict
    if ((await create(calls, redis, move.newKey, movedRecord(found.record, move))) === taken) return taken
    const answer = await retire(calls, redis, key, reply, move)
    if (answer === saved) return saved
    await calls.run(redis, deleteScript, move.newKey, { values: [], isConfirmed: false })
    if (answer !== conflict) return answer
  }
  throw new Error(`other servers changed the session each of ${mostAttempts} times it was about to move`)
}

/** Lets a key that was renewed before lead straight to the newest key: who has its id can open no other. */
export async function leadOn(
  calls: SessionCalls,
  redis: RedisCommands,
  key: string,
  { newKey, forwarding }: Move,
): Promise<void> {
  if (forwarding === undefined) return
  const values = forwardingArguments(newKey, forwarding)
  await calls.run(redis, forwardScript, key, { moreKeys: [], values, isConfirmed: false })
}

/** Stores a new session; `taken` when the key exists. */
export function create(
  calls: SessionCalls,
  redis: RedisCommands,
  key: string,
  record: SessionRecord,
): Promise<Answer> {
  const { fields, idleDeadlineMs, absoluteDeadlineMs, createdAtMs } = record
  const values = [
    timeText(createdAtMs),
    timeText(idleDeadlineMs),
    timeText(absoluteDeadlineMs),
    whoText(record),
  ]
  for (const [name, text] of fields) values.push(name, text)
  // A visitor's session that a failover loses is a new visitor's; a sign-in must not be lost.
  const isConfirmed = calls.names.markOf(key) !== undefined
  return calls.run(redis, createScript, key, { values, isConfirmed })
}

function retire(
  calls: SessionCalls,
  redis: RedisCommands,
  key: string,
  reply: unknown,
  { newKey, forwarding }: Move,
): Promise<Answer> {
  const values = [...forwardingArguments(newKey, forwarding)]
  eachField(reply, (name, value) => values.push(name, value))
  return calls.run(redis, retireScript, key, { values, isConfirmed: true })
}

function movedRecord(record: SessionRecord, { identity, change }: Move): SessionRecord {
  const { principal, device, ip, createdAtMs, absoluteDeadlineMs } = identity
  const idleDeadlineMs = Math.max(record.idleDeadlineMs, change.idleDeadlineMs)
  const fields = changed(record.fields, change)
  return { principal, device, ip, createdAtMs, absoluteDeadlineMs, idleDeadlineMs, fields }
}

function identityArguments(identity: SessionIdentity): readonly string[] {
  return [timeText(identity.createdAtMs), timeText(identity.absoluteDeadlineMs), whoText(identity)]
}

function forwardingArguments(newKey: string, forwarding: Forwarding | undefined): readonly string[] {
  return forwarding === undefined
    ? ['0', '']
    : [timeText(forwarding.untilMs), leadsToText(newKey, forwarding)]
}
