// One request's dealings with the store: load, change, commit. Its calls must not overlap; session.ts sees to that.
import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { withDeadline } from '../base/deadline.ts'
import { DroverError, isDroverError } from '../base/errors.ts'
import type { KeyedQueue } from '../base/keyed-queue.ts'
import { draftOf, isEmptyDraft, leasePrefix, renewalsField } from './conflict.ts'
import type { Draft, RuleOf } from './conflict.ts'
import { checkSize, fieldText } from './fields.ts'
import type { FieldTexts } from './fields.ts'
import { keyOf } from './id.ts'
import type { SessionKeeper, SessionKeeping } from './keeping.ts'
import type { LegacySession } from './legacy.ts'
import { belongsToAnother, hasIntent, planCommit, principalOf, transition } from './lifecycle.ts'
import type { CommitPlan, HeldSession, SessionState, SignIn } from './lifecycle.ts'
import { onceField, staleOnceFields } from './once.ts'
import type { DataShape } from './schema.ts'
import type { SessionPolicy } from './policy.ts'
import type { CutChoice } from './sign-ins.ts'
import { unsupported } from './unsupported.ts'
import { WorkingCopy } from './working-copy.ts'
import type { Found, SessionPorts, SessionRequest, Written } from './writer.ts'

/** What all sessions of an app have in common. */
export interface TransactionSetting<Data extends object> {
  readonly keeping: SessionKeeping
  readonly policy: SessionPolicy
  readonly ports: SessionPorts
  readonly ruleOf: RuleOf
  readonly shape: DataShape<Data> | undefined
  /** Writers of one session in this process take turns, so that they only conflict with other servers. */
  readonly queue: KeyedQueue
}

export interface TransactionRequest extends SessionRequest {
  readonly legacy: LegacySession | undefined
}

/** What a commit has to save: all texts as they are to be, and how they differ from what was found. */
interface Changes {
  readonly texts: FieldTexts
  readonly draft: Draft
}

/** Each try met another server's save of the same field; more of them than this is no accident. */
const mostTries = 50
const leasePollMs = 20
const longestPauseMs = 16

/** Makes a field's new value of its newest one; undefined: there is no such field. */
export type FieldChange<Value> = (value: Value | undefined) => Value | undefined | Promise<Value | undefined>

export type CommitOutcome = 'saved' | 'repeated'

export class Transaction<Data extends object> {
  readonly #setting: TransactionSetting<Data>
  readonly #request: TransactionRequest
  readonly writer: SessionKeeper
  readonly copy: WorkingCopy<Data>
  #state: SessionState

  constructor(setting: TransactionSetting<Data>, request: TransactionRequest) {
    this.#setting = setting
    this.#request = request
    this.writer = setting.keeping.keep(request)
    this.copy = new WorkingCopy(setting.ruleOf, setting.shape)
    const { sessionId } = request
    this.#state = { is: 'untouched', key: sessionId === undefined ? undefined : keyOf(sessionId) }
  }

  get isTouched(): boolean {
    return this.#state.is !== 'untouched'
  }

  get principal(): string | undefined {
    return principalOf(this.#state)
  }

  /** The key of a session at rest that stays where it is. */
  get key(): string | undefined {
    return this.#state.is === 'held' ? this.#state.session.key : undefined
  }

  /** Whether a commit has anything to do or to tell the client. Never throws. */
  isPending(): boolean {
    if (this.writer.owesCookies || hasIntent(this.#state)) return true
    return this.#state.is !== 'gone' && this.copy.isChanged()
  }

  /** Once; rejects with SESSION_GONE when an earlier commit found the session deleted. */
  async load(): Promise<void> {
    this.#refuseGone()
    if (this.#state.is !== 'untouched') return
    const found = await this.#find(this.#state.key)
    if (found !== undefined) this.copy.take(found.texts)
    this.#state = transition(this.#state, { type: 'loaded', session: found?.session })
  }

  /** Loads by this choice; SESSION_GONE where what was loaded before has ended by it. */
  async judgeBy(whenCut: CutChoice): Promise<void> {
    this.#refuseGone()
    if (this.writer.judgeBy === undefined)
      throw unsupported('choose what to do when the feed is cut', 'each read asks the store', 'store')
    if (!(await this.writer.judgeBy(whenCut))) this.#vanish()
    await this.load()
  }

  signIn(given: SignIn): void {
    if (belongsToAnother(this.#state, given.principal)) this.copy.forget()
    this.#state = transition(this.#state, { type: 'login', signIn: given })
  }

  async signOut(): Promise<void> {
    this.#refuseGone()
    // What another library kept must be found to be removed.
    if (this.#request.legacy !== undefined) await this.load()
    this.copy.forget()
    this.#state = transition(this.#state, { type: 'logout' })
  }

  renew(): void {
    this.#state = transition(this.#state, { type: 'renew' })
    if (this.#state.is === 'renewing')
      this.copy.setOwn(renewalsField, countOf(this.copy.own(renewalsField)) + 1)
  }

  /** Saves what changed; 'repeated' (and nothing saved) when a commit with this idempotency key was made before. */
  async commit(idempotencyKey?: string): Promise<CommitOutcome> {
    this.#refuseGone()
    const once = idempotencyKey === undefined ? undefined : onceField(idempotencyKey)
    if (once !== undefined) {
      this.#refuseUnshared('commit with an idempotency key')
      await this.load()
      if (this.copy.own(once) !== undefined) return this.#drop()
      this.#markOnce(once)
    }
    const changes = await this.#changes()
    if (changes.draft.expected.size === 0) return this.#commit(changes, once)
    return this.#setting.queue.run(this.#queueKey(), () => this.#commit(changes, once))
  }

  /**
   * Replaces one field by what `change` makes of its newest value, whatever other servers do meanwhile. For a session that
   * is not at rest yet, or is about to move, the commit does it.
   */
  async update<Name extends keyof Data & string>(
    name: Name,
    change: FieldChange<Data[Name]>,
  ): Promise<Data[Name] | undefined> {
    this.#refuseUnshared(`update session field ${JSON.stringify(name)}`)
    await this.load()
    const state = this.#state
    if (state.is !== 'held') return this.#updateLocally(name, change)
    return this.#setting.queue.run(state.session.key, async (waited) => {
      if (waited) await this.#reload()
      const rule = this.#setting.ruleOf(name)
      return rule.kind === 'lease'
        ? this.#updateUnderLease(name, rule.leaseMs, change)
        : this.#updateByComparing(name, change)
    })
  }

  #refuseGone(): void {
    if (this.#state.is === 'gone') throw gone()
  }

  async #find(key: string | undefined): Promise<Found | undefined> {
    const { legacy, sessionId } = this.#request
    const found = key === undefined ? undefined : await this.writer.load(key, sessionId)
    if (found !== undefined || legacy === undefined) return found
    return this.writer.takeOver(legacy)
  }

  async #changes(): Promise<Changes> {
    const texts = await this.copy.texts()
    return { texts, draft: this.copy.draft(texts, this.#setting.keeping.canAdd) }
  }

  #refuseUnshared(doing: string): void {
    if (!this.#setting.keeping.isShared)
      throw unsupported(doing, 'requests at once do not see each other, and the last cookie wins')
  }

  #queueKey(): string {
    return 'session' in this.#state ? this.#state.session.key : ''
  }

  async #commit(first: Changes, once: string | undefined): Promise<CommitOutcome> {
    for (let tries = 1; tries <= mostTries; tries += 1) {
      const { texts, draft } = tries === 1 ? first : await this.#changes()
      const plan = planCommit(this.#state, texts.size > 0, !isEmptyDraft(draft))
      if (plan.discard === undefined && plan.write.kind === 'none') return 'saved'
      if (draft.set.size > 0) checkSize(texts, this.#setting.policy.maxBytes)
      const written = await this.#carryOut(plan, draft, texts)
      if (written === 'done') {
        this.copy.settle(texts)
        return 'saved'
      }
      await pauseBeforeTry(tries)
      const yielded = await this.#reload()
      if (once !== undefined && yielded.includes(once)) return this.#drop()
    }
    throw conflict('other servers kept changing the same fields')
  }

  async #carryOut(plan: CommitPlan, draft: Draft, texts: FieldTexts): Promise<'done' | 'conflict'> {
    if (plan.discard !== undefined) await this.#discard(plan.discard)
    const written = await this.#write(plan.write, draft, texts)
    if (written?.outcome === 'conflict') return 'conflict'
    if (written?.outcome === 'gone') this.#vanish()
    const session = written?.outcome === 'saved' ? written.session : undefined
    this.#state = transition(this.#state, { type: 'committed', session })
    return 'done'
  }

  async #discard({ key, principal }: NonNullable<CommitPlan['discard']>): Promise<void> {
    await this.writer.discard(key, principal)
    await this.#request.legacy?.forget()
  }

  async #write(write: CommitPlan['write'], draft: Draft, texts: FieldTexts): Promise<Written | undefined> {
    switch (write.kind) {
      case 'none':
        return undefined
      case 'save':
        return this.writer.save(write.session, draft)
      case 'create':
        return { outcome: 'saved', session: await this.writer.create(write.signIn, texts) }
      case 'replace':
        return this.writer.replace(write.session, { signIn: write.signIn }, draft, texts)
      case 'renew': {
        const forwardUntilMs = this.#setting.ports.clock.now() + this.#setting.policy.renewalGraceMs
        return this.writer.replace(write.session, { forwardUntilMs }, draft, texts)
      }
    }
  }

  /** Finds the session again after a conflict, and puts this request's changes on top. */
  async #reload(): Promise<readonly string[]> {
    const held = 'session' in this.#state ? this.#state.session : undefined
    const found = held === undefined ? undefined : await this.writer.load(held.key, held.id)
    if (found === undefined) return this.#vanish()
    const yielded = await this.copy.rebase(found.texts)
    this.#state = transition(this.#state, { type: 'reloaded', session: found.session })
    return yielded
  }

  /**
   * A vanished session saves nothing, and its answer keeps the client's cookie: by now that may be the cookie of a newer
   * sign-in, which a slower request must not undo.
   */
  #vanish(): never {
    this.#state = transition(this.#state, { type: 'vanished' })
    throw gone()
  }

  async #drop(): Promise<'repeated'> {
    await this.copy.discard()
    return 'repeated'
  }

  #markOnce(once: string): void {
    const nowMs = this.#setting.ports.clock.now()
    for (const name of staleOnceFields(this.copy.found)) this.copy.setOwn(name, undefined)
    this.copy.setOwn(once, nowMs)
  }

  async #updateLocally<Name extends keyof Data & string>(
    name: Name,
    change: FieldChange<Data[Name]>,
  ): Promise<Data[Name] | undefined> {
    const data = await this.copy.data()
    const rule = this.#setting.ruleOf(name)
    const value = await this.#valueOf(name)
    const changed =
      rule.kind === 'lease'
        ? await withDeadline(Promise.resolve(change(value)), rule.leaseMs, () =>
            leaseOver(name, rule.leaseMs),
          )
        : atOnce(name, change(value))
    // Nobody else has this session yet, so there is nobody to wait for.
    this.copy.permit(name)
    Reflect.set(data, name, changed)
    return changed
  }

  async #updateByComparing<Name extends keyof Data & string>(
    name: Name,
    change: FieldChange<Data[Name]>,
  ): Promise<Data[Name] | undefined> {
    for (let tries = 1; tries <= mostTries; tries += 1) {
      const value = atOnce(name, change(await this.#valueOf(name)))
      const written = await this.#writeField(name, value, name, new Set())
      if (written) return value
      await pauseBeforeTry(tries)
      await this.#reload()
    }
    throw conflict(`other servers kept changing ${JSON.stringify(name)}`)
  }

  async #updateUnderLease<Name extends keyof Data & string>(
    name: Name,
    leaseMs: number,
    change: FieldChange<Data[Name]>,
  ): Promise<Data[Name] | undefined> {
    const lease = leasePrefix + name
    await this.#takeLease(lease, leaseMs)
    const over = () => leaseOver(name, leaseMs)
    try {
      const work = Promise.resolve(change(await this.#valueOf(name)))
      const value = await withDeadline(work, leaseMs, over)
      if (await this.#writeField(name, value, lease, new Set([lease]))) return value
    } catch (error) {
      await this.#dropLease(lease)
      throw error
    }
    throw over()
  }

  /** A copy, so that a change that is tried again begins with the newest value and not with its own work. */
  async #valueOf<Name extends keyof Data & string>(name: Name): Promise<Data[Name] | undefined> {
    const text = (await this.copy.texts()).get(name)
    return text === undefined ? undefined : JSON.parse(text)
  }

  /** Writes one field if `expected` is as it was found; false for a conflict. */
  async #writeField(
    name: string,
    value: unknown,
    expected: string,
    drop: ReadonlySet<string>,
  ): Promise<boolean> {
    const text = fieldText(name, value)
    const others = withoutField(this.copy.found, name)
    checkSize(text === undefined ? others : new Map([...others, [name, text]]), this.#setting.policy.maxBytes)
    const set = new Map(text === undefined ? [] : [[name, text]])
    const remove = new Set(text === undefined ? [...drop, name] : drop)
    if (!(await this.#save({ set, remove, add: new Map(), expected: new Set([expected]) }))) return false
    await this.copy.settleField(name, value, text)
    return true
  }

  async #takeLease(lease: string, leaseMs: number): Promise<void> {
    const { clock, randomBytes } = this.#setting.ports
    const endMs = performance.now() + leaseMs
    const by = Buffer.from(randomBytes(9)).toString('base64url')
    while (performance.now() < endMs) {
      await this.#reload()
      if (leaseEnd(this.copy.own(lease)) <= clock.now()) {
        const text = JSON.stringify({ by, untilMs: clock.now() + leaseMs })
        const draft = draftOf(new Map(), new Map([[lease, text]]), this.#setting.ruleOf, false)
        if (await this.#save({ ...draft, expected: new Set([lease]) })) return
      }
      await pause(randomInt(1, leasePollMs))
    }
    throw conflict(`others held ${JSON.stringify(lease.slice(leasePrefix.length))} for ${leaseMs} ms`)
  }

  /** Best effort: a lease that stays ends by itself, and the failure that led here is what the caller must hear. */
  async #dropLease(lease: string): Promise<void> {
    const draft: Draft = {
      set: new Map(),
      remove: new Set([lease]),
      add: new Map(),
      expected: new Set([lease]),
    }
    await this.#save(draft).catch((error: unknown) => {
      if (!isDroverError(error)) throw error
    })
  }

  async #save(draft: Draft): Promise<boolean> {
    const session = this.#held()
    const written = await this.writer.save(session, draft)
    if (written.outcome === 'gone') this.#vanish()
    return written.outcome === 'saved'
  }

  #held(): HeldSession {
    if (this.#state.is === 'held') return this.#state.session
    throw new Error(`Cannot write to session: it is ${this.#state.is}`)
  }
}

/** Two servers in step would meet again each time; a random pause lets one of them through. The first retry waits for none. */
async function pauseBeforeTry(tries: number): Promise<void> {
  if (tries > 1) await pause(randomInt(1, Math.min(2 ** tries, longestPauseMs)))
}

function withoutField(texts: FieldTexts, name: string): FieldTexts {
  return new Map([...texts].filter(([one]) => one !== name))
}

function countOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function leaseEnd(lease: unknown): number {
  if (typeof lease !== 'object' || lease === null || !('untilMs' in lease)) return 0
  return Number(lease.untilMs)
}

function gone(): DroverError {
  return new DroverError(
    'SESSION_GONE',
    'Cannot save session: it was signed out or expired while this request was at work',
  )
}

function conflict(state: string): DroverError {
  return new DroverError('SESSION_CONFLICT', `Cannot save session: ${state}`)
}

function leaseOver(name: string, leaseMs: number): DroverError {
  return conflict(`the change of ${JSON.stringify(name)} took longer than its lease of ${leaseMs} ms`)
}

/** A change without a lease may be made again, so it may not wait; one that waited for its own session would do so for ever. */
function atOnce<Value>(name: string, value: Value | Promise<Value>): Value {
  if (!(value instanceof Promise)) return value
  // Its failure is no news any more: the caller is told that it should not have been begun.
  value.catch(() => undefined)
  throw new DroverError(
    'SESSION_VALUE_INVALID',
    `Cannot update session field ${JSON.stringify(name)}: wanted its new value, got a promise; only a field under a lease may wait`,
  )
}
