// One request's copy of a session's fields: what was found, what the app made of it, and how the two differ.
import { DroverError } from '../base/errors.ts'
import { draftOf, lastWrite, ownPrefix, rebase, versionField } from './conflict.ts'
import type { Draft, RuleOf } from './conflict.ts'
import { isChanged, readFields, writeFields } from './fields.ts'
import type { FieldTexts } from './fields.ts'
import type { DataShape } from './schema.ts'

const noTexts: FieldTexts = new Map()

export class WorkingCopy<Data extends object> {
  readonly #ruleOf: RuleOf
  readonly #shape: DataShape<Data> | undefined
  /** Everything found, as plain texts: the app's fields and Drover's own. */
  #found: FieldTexts = noTexts
  /** The app's fields as they were when `#data` was made, so that what differs is a change of the app's. */
  #base: FieldTexts = noTexts
  /** Drover's own fields, as found and as they are now. */
  #foundOwn: FieldTexts = noTexts
  #own: FieldTexts = noTexts
  #data: Data | undefined
  #isUpcast = false
  /** Fields under a lease that were changed as they should be, and are to be written by the next commit. */
  readonly #permitted: Set<string> = new Set()

  constructor(ruleOf: RuleOf, shape: DataShape<Data> | undefined) {
    this.#ruleOf = ruleOf
    this.#shape = shape
  }

  /** Everything as found by the last load or commit. */
  get found(): FieldTexts {
    return this.#found
  }

  /** Takes what a load found; the app has not seen anything yet. */
  take(found: FieldTexts): void {
    this.#found = found
    const split = splitOwn(found)
    this.#base = split.app
    this.#own = this.#foundOwn = split.own
    this.#data = undefined
  }

  /** The app's object, the same on every call. */
  async data(): Promise<Data> {
    if (this.#data !== undefined) return this.#data
    if (this.#shape === undefined) return (this.#data = readFields<Data>(this.#base))
    const raw = readFields<Record<string, unknown>>(this.#base)
    const version = this.#base.size === 0 ? this.#shape.version : this.#version()
    const { data, isUpcast } = await this.#shape.read({ ...raw }, version)
    this.#data = data
    this.#isUpcast = isUpcast
    // Filled-in defaults are no change: a request that only reads writes nothing.
    this.#base = writeFields(data, noTexts)
    return data
  }

  /** The value of one of Drover's own fields. */
  own(name: string): unknown {
    const text = this.#own.get(name)
    return text === undefined ? undefined : JSON.parse(text)
  }

  /** Sets one of Drover's own fields; undefined removes it. */
  setOwn(name: string, value: unknown): void {
    const own = new Map(this.#own)
    if (value === undefined) own.delete(name)
    else own.set(name, JSON.stringify(value))
    this.#own = own
  }

  /** Never throws: data that cannot be read is a change, and the commit that follows meets the same failure and tells it. */
  isChanged(): boolean {
    if (!isSame(this.#own, this.#foundOwn)) return true
    if (this.#data === undefined) return false
    try {
      return isChanged(this.#data, this.#base)
    } catch {
      return true
    }
  }

  /** Throws SESSION_VALUE_INVALID or, with a schema, SESSION_DATA_INVALID for data that could not be read again. */
  async texts(): Promise<FieldTexts> {
    if (this.#data === undefined) return this.#joined(this.#base)
    const app = writeFields(this.#data, this.#base)
    checkNames(app)
    if (this.#shape === undefined) return this.#joined(app)
    if (isSame(app, this.#base)) return this.#joined(splitOwn(this.#found).app)
    await this.#shape.check(this.#data)
    if (this.#shape.version > this.#version()) this.setOwn(versionField, this.#shape.version)
    return this.#joined(this.#isUpcast ? app : this.#withFound(app))
  }

  draft(texts: FieldTexts, canAdd: boolean): Draft {
    const ruleOf: RuleOf =
      this.#permitted.size === 0
        ? this.#ruleOf
        : (name) => (this.#permitted.has(name) ? lastWrite : this.#ruleOf(name))
    return draftOf(this.#found, texts, ruleOf, canAdd)
  }

  /** Lets the next commit write a field that is otherwise changed under its lease alone. */
  permit(name: string): void {
    this.#permitted.add(name)
  }

  /** Another server saved meanwhile: puts this request's changes on top. Gives the 'exact' fields in which it yields. */
  async rebase(found: FieldTexts): Promise<readonly string[]> {
    const mine = await this.texts()
    const { texts, yielded } = rebase(this.#found, mine, found, this.#ruleOf)
    this.#replace(mine, found, texts)
    return yielded
  }

  /** Drops this request's changes. */
  async discard(): Promise<void> {
    this.#replace(await this.texts(), this.#found, this.#found)
  }

  /** One field was written by itself; whatever else the app changed is still to be committed. */
  async settleField(name: string, value: unknown, text: string | undefined): Promise<void> {
    const data: object = await this.data()
    this.#found = withField(this.#found, name, text)
    this.#base = withField(this.#base, name, text)
    if (text === undefined) Reflect.deleteProperty(data, name)
    else setPlain(data, name, value)
  }

  /** What was committed is what is found from now on. */
  settle(texts: FieldTexts): void {
    this.#permitted.clear()
    this.#found = texts
    const { app, own } = splitOwn(texts)
    this.#own = this.#foundOwn = own
    this.#base =
      this.#data !== undefined && this.#shape !== undefined ? writeFields(this.#data, noTexts) : app
    this.#isUpcast = false
  }

  /** Nothing of the session stays, also not in the object that the app may hold. */
  forget(): void {
    this.#found = this.#own = this.#foundOwn = this.#base = noTexts
    for (const name of Object.keys(this.#data ?? {})) Reflect.deleteProperty(this.#data ?? {}, name)
    // With a schema the app is given its defaults anew when it asks again.
    if (this.#shape !== undefined) this.#data = undefined
  }

  #version(): number {
    const version = this.own(versionField)
    return typeof version === 'number' ? version : 0
  }

  #joined(app: FieldTexts): FieldTexts {
    return this.#own.size === 0 ? app : new Map([...app, ...this.#own])
  }

  /** Defaults that nobody changed are not written; what the schema does not know stays. */
  #withFound(app: FieldTexts): FieldTexts {
    const found = splitOwn(this.#found).app
    const texts = new Map(found)
    for (const [name, text] of app) if (text !== this.#base.get(name)) texts.set(name, text)
    for (const name of this.#base.keys()) if (!app.has(name)) texts.delete(name)
    return texts
  }

  #replace(mine: FieldTexts, found: FieldTexts, texts: FieldTexts): void {
    const split = splitOwn(found)
    if (this.#data !== undefined) overwrite(this.#data, splitOwn(mine).app, splitOwn(texts).app)
    this.#found = found
    this.#foundOwn = split.own
    this.#own = splitOwn(texts).own
    this.#base = this.#shape === undefined ? split.app : this.#withDefaults(split.app, texts)
  }

  /** What the schema filled in, and nobody stored, stays no change. */
  #withDefaults(found: FieldTexts, texts: FieldTexts): FieldTexts {
    const base = new Map(found)
    for (const [name, text] of writeFields(this.#data ?? {}, noTexts)) {
      if (!found.has(name) && !texts.has(name)) base.set(name, text)
    }
    return base
  }
}

/** Brings an object that the app may hold from one set of texts to another; what is the same stays the same object. */
function overwrite(data: object, before: FieldTexts, after: FieldTexts): void {
  for (const [name, text] of after) {
    if (before.get(name) !== text) setPlain(data, name, JSON.parse(text))
  }
  for (const name of before.keys()) if (!after.has(name)) Reflect.deleteProperty(data, name)
}

function setPlain(data: object, name: string, value: unknown): void {
  Object.defineProperty(data, name, { configurable: true, enumerable: true, writable: true, value })
}

interface Split {
  readonly app: FieldTexts
  readonly own: FieldTexts
}

/** Most sessions have no fields of Drover's own, and nothing is copied for them. */
function splitOwn(texts: FieldTexts): Split {
  const own = new Map<string, string>()
  for (const [name, text] of texts) if (name.startsWith(ownPrefix)) own.set(name, text)
  if (own.size === 0) return { app: texts, own: noTexts }
  return { app: new Map([...texts].filter(([name]) => !own.has(name))), own }
}

function withField(texts: FieldTexts, name: string, text: string | undefined): FieldTexts {
  const result = new Map(texts)
  if (text === undefined) result.delete(name)
  else result.set(name, text)
  return result
}

function isSame(one: FieldTexts, other: FieldTexts): boolean {
  if (one === other) return true
  if (one.size !== other.size) return false
  for (const [name, text] of one) if (other.get(name) !== text) return false
  return true
}

function checkNames(texts: FieldTexts): void {
  for (const name of texts.keys()) {
    if (!name.startsWith(ownPrefix)) continue
    throw new DroverError(
      'SESSION_VALUE_INVALID',
      `Cannot keep session field ${JSON.stringify(name)}: names that begin with "${ownPrefix}" are Drover's own`,
    )
  }
}
