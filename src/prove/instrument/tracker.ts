// What rewritten code calls. Every method gives back its value untouched and never throws; none calls into the app.
import { resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { types } from 'node:util'
import { birthRequest, current, enterBoot, isBoot, leaveBoot } from './context.ts'
import type { Context } from './context.ts'
import type { AppEvent, Place, ReadHolder } from './event.ts'
import { isObject, Owners } from './owners.ts'
import type { Holder } from './owners.ts'
import { isBetween, placeOf } from './places.ts'
import type { PlaceEntry } from './places.ts'
import type { Site } from './site.ts'

interface Module {
  /** Absolute; the first is the one that the module is named by. */
  readonly files: readonly string[]
  readonly places: readonly PlaceEntry[]
  readonly sites: readonly Site[]
  readonly getters: Readonly<Record<string, () => unknown>>
  readonly declared: Declared
}

/** Places of the begin and the end of the declaration of each of a module's own names, and the names that it is made of. */
type Declared = Readonly<Record<string, readonly [first: number, last: number, ...names: string[]]>>

/** A site, and the module that it is in. */
interface Found {
  readonly module: Module
  readonly site: Site
}

/** A write to an object of which it is not yet known what holds it. */
interface Pending extends Found {
  readonly context: Context
  readonly object: object
}

export interface TrackerPorts {
  readonly emit: (event: Omit<AppEvent, 'pid'>) => void
  /** Told of each value that the app made of a package. */
  readonly arrived: (value: unknown, from: string, holder: Holder, usedAt: Place | undefined) => void
}

const maxPending = 2000
const isSession = /(?:^|\.)session$/i

export class Tracker {
  readonly #ports: TrackerPorts
  readonly #modules = new Map<string, Module>()
  readonly #owners = new Owners()
  readonly #told = new Set<string>()
  #pending: Pending[] = []
  #isScheduled = false

  constructor(ports: TrackerPorts) {
    this.#ports = ports
  }

  /** A module begins. */
  m(
    id: string,
    files: readonly string[],
    places: readonly PlaceEntry[],
    sites: readonly Site[],
    declared: Declared,
    getters: Readonly<Record<string, () => unknown>>,
  ): void {
    const module: Module = { files, places, sites, getters, declared }
    this.#modules.set(id, module)
    for (const [name, value] of Object.entries(getters)) {
      const at = declared[name]?.[0]
      if (at === undefined && name !== 'module.exports') continue
      const declaredAt = at === undefined ? { file: files[0] ?? '', line: 1 } : placeIn(module, at)
      this.#owners.addRoot({ holder: { name, declaredAt, package: undefined }, value })
    }
  }

  /** An ES module begins to run, which may be while a request is answered. */
  l(): void {
    enterBoot()
  }

  /** It has run. */
  z(): void {
    leaveBoot()
  }

  /** An object gets a name. */
  b<T>(id: string, index: number, value: T): T {
    const found = this.#find(id, index)
    if (found !== undefined && isObject(value)) this.#born(value, value, found)
    return value
  }

  /** A class field gets its first value. */
  f<T>(id: string, index: number, object: object, value: T): T {
    const found = this.#find(id, index)
    if (found === undefined) return value
    const { site, module } = found
    const holder = { name: site.n, declaredAt: placeIn(module, site.l), package: site.k }
    this.#owners.fieldBorn(object, site.p ?? '', holder)
    this.#owners.born(object, { ...holder, request: birthRequest() })
    if (isObject(value)) this.#born(value, value, found)
    return value
  }

  #born(object: object, value: unknown, { site, module }: Found): void {
    const holder = { name: site.n, declaredAt: placeIn(module, site.l), package: site.k }
    this.#owners.born(object, { ...holder, request: birthRequest() })
    const usedAt = site.u === undefined ? undefined : placeIn(module, site.u)
    if (site.k !== undefined) this.#ports.arrived(value, site.k, holder, usedAt)
  }

  /** A variable was assigned. `stamp`: the request in which it was born. */
  w<T>(id: string, index: number, value: T, stamp?: number): T {
    const { request } = current()
    const found = this.#find(id, index)
    if (found === undefined || request === 0 || request === stamp) return value
    const { site, module } = found
    const declaredAt = placeIn(module, site.d ?? site.l)
    this.#write(request, { name: site.n, declaredAt, package: undefined }, found)
    return value
  }

  /** An object is about to be changed. */
  o<T>(id: string, index: number, object: T): T {
    const found = this.#find(id, index)
    if (found !== undefined && isObject(object)) this.#changed(object, found)
    return object
  }

  #changed(object: object, { site, module }: Found): void {
    const context = current()
    if (isBoot(context)) {
      if (site.t !== 'p' || site.p === undefined) return
      const declaredAt = placeIn(module, site.d ?? site.l)
      this.#owners.fieldBorn(object, site.p, { name: nameOfProperty(site), declaredAt, package: undefined })
      return
    }
    if (isSession.test(site.n)) this.#session(context, site, module)
    if (site.i === true) this.#owners.born(object, { ...madeBy(site, module), request: context.request })
    const birth = this.#owners.birthOf(object)
    if (
      birth?.request === context.request ||
      (site.t === 'c' && !isChangeable(object) && (birth?.package ?? site.k) === undefined)
    )
      return
    const key = keyOf(context.request, { site, module })
    if (birth?.request === 0 && this.#told.has(key)) return
    if (this.#pending.length < maxPending) this.#pending.push({ context, module, site, object })
    this.#schedule()
  }

  /** What the app puts into a visitor's session, wherever that is kept. */
  #session({ request }: Context, site: Site, module: Module): void {
    const writtenAt = placeIn(module, site.l)
    this.#ports.emit({ event: 'session', request, holder: site.n, detail: site.p ?? '', writtenAt })
  }

  /** A function was entered: tells what it reads, and gives the request. */
  e(id: string, index: number): number {
    const request = birthRequest()
    const found = this.#find(id, index)
    const reads = found?.site.r ?? []
    const key = `${request} ${id} ${index}`
    if (found === undefined || request <= 0 || reads.length === 0 || this.#told.has(key)) return request
    this.#told.add(key)
    const { site, module } = found
    const all = reads.flatMap((read) => this.#readHolder(read, module))
    const holders = [...new Map(all.map((each) => [JSON.stringify(each), each])).values()]
    const place = placeIn(module, site.l)
    if (holders.length > 0)
      this.#ports.emit({ event: 'read', request, writtenAt: place, detail: site.n, reads: holders })
    return request
  }

  /** As `e`, around the expression that is the function's body; the reads are told behind it. */
  q<T>(id: string, index: number, value: T): T {
    this.e(id, index)
    return value
  }

  #readHolder(read: NonNullable<Site['r']>[number], module: Module): readonly ReadHolder[] {
    const at = read.l === undefined ? {} : { readAt: placeIn(module, read.l) }
    const own = read.d === undefined ? [] : [{ name: read.n, declaredAt: placeIn(module, read.d) }]
    const value = valueOf(module.getters[read.n])
    const inner = read.p === undefined || !isObject(value) ? undefined : propertyOf(value, read.p)
    const births = [value, inner].map((object) =>
      isObject(object) ? this.#owners.birthOf(object) : undefined,
    )
    const field = isObject(value) && read.p !== undefined ? this.#owners.fieldOf(value, read.p) : undefined
    const known = [...own, ...births, field].filter((holder) => holder !== undefined)
    const all = known.length > 0 || read.d !== undefined ? known : this.#imported(read.n, value, module)
    return all.map(({ name, declaredAt }) => Object.assign({ holder: name, declaredAt }, at))
  }

  /** A value that is no object, imported: of the module that has it under the same name. */
  #imported(name: string, value: unknown, importer: Module): readonly Pick<Holder, 'name' | 'declaredAt'>[] {
    for (const module of this.#modules.values()) {
      const places = module.declared[name]
      if (module === importer || places === undefined || !Object.is(valueOf(module.getters[name]), value))
        continue
      return [{ name, declaredAt: placeIn(module, places[0]) }]
    }
    return []
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.flush()
    })
  }

  /** Tells the writes that wait; called before each answer is sent, as the process may be killed right behind it. */
  flush(): void {
    this.#isScheduled = false
    if (this.#pending.length === 0) return
    const pending = this.#pending
    this.#pending = []
    const unnamed = pending.filter(({ object, site }) => this.#direct(object, site) === undefined)
    const found = this.#owners.find(new Set(unnamed.map(({ object }) => object)))
    for (const each of pending) {
      const holder =
        ofPackage(each) ??
        this.#direct(each.object, each.site) ??
        found.get(each.object) ??
        this.#declaredField(each)
      if (holder !== undefined) this.#write(each.context.request, holder, each)
    }
  }

  /** What is known without looking at the whole memory. */
  #direct(object: object, site: Site): Holder | undefined {
    const field = site.t === 'p' && site.p !== undefined ? this.#owners.fieldOf(object, site.p) : undefined
    if (field !== undefined) return field
    const birth = this.#owners.birthOf(object)
    if (birth === undefined) return object === globalThis || object === process.env ? atSite(site) : undefined
    return birth.request === 0 ? birth : undefined
  }

  /** An object that no name leads to, which is older than the request: in a closure, or in private fields. */
  #declaredField({ object, site, module }: Pending): Holder | undefined {
    const birth = this.#owners.birthOf(object)
    if (birth !== undefined) return birth
    return site.d === undefined
      ? undefined
      : { name: site.n, declaredAt: placeIn(module, site.d), package: undefined }
  }

  #write(request: number, holder: Holder, { module, site }: Found): void {
    const key = keyOf(request, { site, module })
    if (this.#told.has(key)) return
    this.#told.add(key)
    const declaredAt = holder.declaredAt.file === '' ? placeIn(module, site.l) : holder.declaredAt
    const from = holder.package === undefined ? {} : { package: holder.package }
    const writtenAt = placeIn(module, site.l)
    this.#ports.emit({
      event: 'write',
      request,
      holder: holder.name,
      declaredAt,
      writtenAt,
      ...from,
      detail: site.p ?? '',
    })
  }

  /** The variable of a module in whose declaration a place is, such as a secret made of random bytes, and those made of it in turn. */
  declaredAround(place: Place): readonly ReadHolder[] {
    for (const module of this.#modules.values()) {
      const all = module.files.includes(place.file) ? Object.entries(module.declared) : []
      const [name] =
        all.find(([, [first, last]]) => isBetween(place, placeIn(module, first), placeIn(module, last))) ?? []
      if (name === undefined) continue
      const made = new Set([name])
      for (const [other, [, , ...names]] of all) if (names.some((each) => made.has(each))) made.add(other)
      return [...made].map((holder) => {
        const at = module.declared[holder]?.[0]
        return { holder, declaredAt: at === undefined ? place : placeIn(module, at) }
      })
    }
    return []
  }

  /** The variable of a module that holds a path, or the nearest folder around it. */
  holderOf(path: string): ReadHolder | undefined {
    let best: ReadHolder | undefined
    let length = 0
    for (const module of this.#modules.values()) {
      for (const [name, [at]] of Object.entries(module.declared)) {
        const own = pathFrom(valueOf(module.getters[name]))
        const isAround = own === path || (own !== undefined && path.startsWith(own + sep))
        if (!isAround || own === undefined || own.length <= length) continue
        best = { holder: name, declaredAt: placeIn(module, at) }
        length = own.length
      }
    }
    return best
  }

  #find(id: string, index: number): Found | undefined {
    const module = this.#modules.get(id)
    const site = module?.sites[index]
    return module === undefined || site === undefined ? undefined : { module, site }
  }
}

function placeIn({ files, places }: Module, at: number): Place {
  return placeOf(files, places[at] ?? [0, 1])
}

/** Of one write of a request, which is told once. */
function keyOf(request: number, { site, module }: Found): string {
  const { file, line, column } = placeIn(module, site.l)
  return `${request} ${file} ${line} ${column ?? ''} ${site.n} ${site.p ?? ''}`
}

function madeBy(site: Site, module: Module): Holder {
  return {
    name: nameOfProperty(site),
    declaredAt: placeIn(module, site.d ?? site.l),
    package: undefined,
  }
}

/** What is written to a package itself. */
function ofPackage({ site, module }: Pending): Holder | undefined {
  if (site.k === undefined || site.d === undefined) return undefined
  return { name: site.n, declaredAt: placeIn(module, site.d), package: site.k }
}

function atSite(site: Site): Holder {
  return { name: nameOfProperty(site), declaredAt: { file: '', line: 0 }, package: undefined }
}

function nameOfProperty({ n, p }: Site): string {
  if (p === undefined || n.endsWith(`.${p}`)) return n
  return n.includes('(') ? p : `${n}.${p}`
}

/** Built-in containers; what other classes do in methods of such names is told where they do it. */
function isChangeable(object: object): boolean {
  return (
    Array.isArray(object) ||
    types.isMap(object) ||
    types.isSet(object) ||
    types.isGeneratorObject(object) ||
    types.isWeakMap(object) ||
    types.isWeakSet(object)
  )
}

function valueOf(getter: (() => unknown) | undefined): unknown {
  try {
    return getter?.()
  } catch {
    return undefined
  }
}

function propertyOf(object: object, name: string): unknown {
  return types.isProxy(object) ? undefined : Object.getOwnPropertyDescriptor(object, name)?.value
}

function pathFrom(value: unknown): string | undefined {
  // A word alone, such as 'dev', is hardly meant as a path.
  if (typeof value === 'string')
    return /[/\\.]/.test(value) && value.length < 1000 ? resolve(value) : undefined
  return value instanceof URL && value.protocol === 'file:' ? fileURLToPath(value) : undefined
}
