// Takes over another library's session: once, whichever of several requests, or servers, comes first.
import { hash } from 'node:crypto'
import { isDroverError } from '../base/errors.ts'
import { pointerField } from './conflict.ts'
import { fieldText } from './fields.ts'
import type { FieldTexts } from './fields.ts'
import { keyOf } from './id.ts'
import type { LegacyRecord, LegacySession } from './legacy.ts'
import { openId, sealId } from './successor.ts'
import type { Found, SessionRequest, SessionWriter, WriterSetting } from './writer.ts'

export interface TakeOverContext {
  readonly setting: WriterSetting
  readonly request: SessionRequest
  readonly writer: SessionWriter
}

/** Where the former session is remembered as taken over, by an id that is made from its cookie. */
interface Pointer {
  readonly id: string
  readonly key: string
}

/**
 * The session that took over the former one. A pointer under an id made from the former cookie leads every request to the
 * same session, and it stays for as long as that cookie may be shown: a session that was signed out after it was taken over
 * stays so (R4).
 */
export async function takeOver(legacy: LegacySession, context: TakeOverContext): Promise<Found | undefined> {
  const id = hash('sha256', `drover takes over ${legacy.seed}`, 'base64url')
  const pointer: Pointer = { id, key: keyOf(id) }
  const { request, writer } = context
  const sealedId = (await read(pointer, context)) ?? (await place(pointer, legacy, context))
  const sessionId = sealedId === undefined ? undefined : openId(sealedId, pointer.id)
  const found = sessionId === undefined ? undefined : await writer.load(keyOf(sessionId), sessionId)
  if (found === undefined) return undefined
  writer.tellId(found.session)
  if (!legacy.isKept) writer.clearOther(legacy.clearingCookie(request.secure))
  return found
}

async function read(pointer: Pointer, { setting }: TakeOverContext): Promise<string | undefined> {
  const record = await setting.store.load(pointer.key)
  return record?.fields.get(pointerField)
}

/** The session first, which nobody knows yet, and then the pointer, which one of the racers places. */
async function place(
  pointer: Pointer,
  legacy: LegacySession,
  context: TakeOverContext,
): Promise<string | undefined> {
  const { request, setting, writer } = context
  const record = await legacy.read()
  // Whoever placed the pointer a moment ago has removed it.
  if (record === undefined) return read(pointer, context)
  const { principal } = record
  const signIn = principal === undefined ? undefined : { principal, device: undefined, ip: request.ip() }
  const { id = '', key } = await writer.create(signIn, textsOf(record.data))
  const sealedId = sealId(id, pointer.id, setting.ports.randomBytes)
  if (!(await store(pointer, sealedId, record, context))) {
    await setting.store.delete(key)
    return read(pointer, context)
  }
  if (!legacy.isKept) await legacy.forget()
  return sealedId
}

/** False when another request was first. */
async function store(
  pointer: Pointer,
  sealedId: string,
  record: LegacyRecord,
  { setting }: TakeOverContext,
): Promise<boolean> {
  const { policy, ports } = setting
  const createdAtMs = ports.clock.now()
  const untilMs = Math.max(record.expiresAtMs, createdAtMs + policy.renewalGraceMs)
  const identity = {
    principal: undefined,
    device: undefined,
    ip: undefined,
    createdAtMs,
    absoluteDeadlineMs: untilMs,
  }
  const fields = new Map([[pointerField, sealedId]])
  try {
    await setting.store.create(pointer.key, { ...identity, idleDeadlineMs: untilMs, fields })
    return true
  } catch (error) {
    if (isDroverError(error, 'SESSION_ID_TAKEN')) return false
    throw error
  }
}

function textsOf(data: LegacyRecord['data']): FieldTexts {
  const texts = new Map<string, string>()
  for (const [name, value] of Object.entries(data)) {
    const text = fieldText(name, value)
    if (text !== undefined) texts.set(name, text)
  }
  return texts
}
