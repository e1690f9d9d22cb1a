// Takes over another library's session: once, whichever of several requests, or servers, comes first.
import { hash } from 'node:crypto'
import { isDroverError } from '../base/errors.ts'
import { renewalsField } from './conflict.ts'
import { idleDeadline } from './expiry.ts'
import { fieldText } from './fields.ts'
import type { FieldTexts } from './fields.ts'
import { keyOf } from './id.ts'
import type { LegacyRecord, LegacySession } from './legacy.ts'
import type { Found, SessionRequest, SessionWriter, WriterSetting, Written } from './writer.ts'

export interface TakeOverContext {
  readonly setting: WriterSetting
  readonly request: SessionRequest
  readonly writer: SessionWriter
}

/** Two are enough when nobody interferes; each further one means that another request did a part of it. */
const mostTries = 8

/**
 * The session that stands for the former one. Its first id is made from the former cookie, so that all requests find the
 * same; it is renewed at once to a random one, as a sign-in would, and forwards for as long as the former cookie may still
 * be shown. So a session that was signed out after it was taken over stays so, whoever shows the former cookie again (R4).
 */
export async function takeOver(legacy: LegacySession, context: TakeOverContext): Promise<Found | undefined> {
  const { request, writer } = context
  const firstId = hash('sha256', `drover takes over ${legacy.seed}`, 'base64url')
  for (let tries = 1; tries <= mostTries; tries += 1) {
    const found = await writer.load(keyOf(firstId), firstId)
    if (found?.session.isFresh === true) {
      if (!legacy.isKept) writer.clearOther(legacy.clearingCookie(request.secure))
      return found
    }
    const record = await legacy.read()
    if (found === undefined) {
      if (record === undefined || !(await create(keyOf(firstId), record, context))) return undefined
    } else if (record !== undefined) {
      const written = await move(found, record, context)
      if (written.outcome === 'saved' && !legacy.isKept) await legacy.forget()
    }
  }
  return undefined
}

/** False when the former session was taken over and signed out before. */
async function create(key: string, record: LegacyRecord, context: TakeOverContext): Promise<boolean> {
  const { policy, ports, sealing, store } = context.setting
  const createdAtMs = ports.clock.now()
  const absoluteDeadlineMs = createdAtMs + policy.absoluteMs
  const fields = new Map<string, string>()
  for (const [name, text] of textsOf(record.data)) fields.set(name, sealing.seal(key, name, text))
  const identity = { principal: undefined, device: undefined, ip: context.request.ip, createdAtMs, absoluteDeadlineMs }
  try {
    const idleDeadlineMs = idleDeadline(createdAtMs, policy.idleMs, absoluteDeadlineMs)
    await store.create(key, { ...identity, fields, idleDeadlineMs })
    return true
  } catch (error) {
    if (isDroverError(error, 'SESSION_ID_TAKEN')) return (await store.load(key)) !== undefined
    throw error
  }
}

/** One of the racers wins: it finds the renewals of the session as they were, the others do not. */
function move(found: Found, record: LegacyRecord, { setting, request, writer }: TakeOverContext): Promise<Written> {
  const set = new Map([[renewalsField, '1']])
  const draft = { set, remove: new Set<string>(), add: new Map(), expected: new Set([renewalsField]) }
  const { principal } = record
  const forwardUntilMs = Math.max(record.expiresAtMs, setting.ports.clock.now() + setting.policy.renewalGraceMs)
  const signIn = principal === undefined ? undefined : { principal, device: undefined, ip: request.ip }
  const to = signIn === undefined ? { forwardUntilMs } : { forwardUntilMs, signIn }
  return writer.replace(found.session, to, draft, new Map([...found.texts, ...set]))
}

/** What is no plain JSON is refused by name: the other library wrote it as JSON, so there is none. */
function textsOf(data: LegacyRecord['data']): FieldTexts {
  const texts = new Map<string, string>()
  for (const [name, value] of Object.entries(data)) {
    const text = fieldText(name, value)
    if (text !== undefined) texts.set(name, text)
  }
  return texts
}
