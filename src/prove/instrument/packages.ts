// Rules for packages that hold state by design: what of them tells that it was used, and where the app asked for it.
import { isBuiltin } from 'node:module'
import { basename } from 'node:path'
import { current, isBoot } from './context.ts'
import type { AppEvent, Place } from './event.ts'
import { packageIn } from './frames.ts'
import type { Frames } from './frames.ts'
import { isObject } from './owners.ts'
import type { Holder } from './owners.ts'

export interface PackagePorts {
  readonly emit: (event: Omit<AppEvent, 'pid'>) => void
  readonly frames: Frames
}

type Method = (this: unknown, ...args: unknown[]) => unknown

/** What the packages' rules need to be told while the app runs. */
export class Packages {
  readonly #ports: PackagePorts
  readonly #watched = new WeakSet<object>()
  /** Made by the app, for the route table. */
  readonly made: { readonly value: object; readonly from: string }[] = []

  constructor(ports: PackagePorts) {
    this.#ports = ports
  }

  /** The app made `value` of a package. */
  arrived(value: unknown, from: string, { name, declaredAt }: Holder, usedAt: Place | undefined): void {
    if (!isObject(value)) return
    if (this.made.length < 500) this.made.push({ value, from })
    if (!from.startsWith('node:') && !isBuiltin(from))
      this.#ports.emit({
        event: 'package',
        ...current(),
        package: from,
        holder: name,
        declaredAt,
        writtenAt: usedAt ?? declaredAt,
      })
    if (isDatabase(from)) this.#database(value, declaredAt, from)
  }

  /** A CommonJS module of a package was run. Gives what to use as its exports. */
  ran(file: string, exports: unknown): unknown {
    const name = packageIn(file)
    if (name === 'express-session' && basename(file) === 'memory.js') return this.#sessionStore(exports, name)
    if (name === 'memorystore' || name === 'session-memory-store') return exports
    if (name === '@fastify/session' && /store/i.test(basename(file))) return this.#sessionStore(exports, name)
    if (name === 'better-sqlite3' && basename(file) === 'database.js') return this.#opened(exports, name)
    if (name === 'sqlite3' && basename(file) === 'sqlite3.js' && isObject(exports)) {
      const database: unknown = Reflect.get(exports, 'Database')
      Reflect.set(exports, 'Database', this.#opened(database, name))
    }
    for (const { package: of, file: path, methods } of drivers) {
      if (name === of && file.endsWith(path)) this.#driver(exports, of, methods)
    }
    return exports
  }

  /** A class that talks to a database elsewhere: only what changes something is told. */
  #driver(exports: unknown, from: string, methods: readonly string[]): void {
    const prototypes = [exports, ...(isObject(exports) ? Object.values(exports) : [])].flatMap(
      (each): object[] => {
        const prototype: unknown = typeof each === 'function' ? each.prototype : undefined
        return isObject(prototype) ? [prototype] : []
      },
    )
    for (const prototype of prototypes) {
      for (const method of methods) {
        wrap(prototype, method, (_, [first]) => {
          this.#outside(from, method, first)
        })
      }
    }
  }

  #outside(from: string, method: string, first: unknown): void {
    const sql =
      typeof first === 'string'
        ? first
        : isObject(first)
          ? (Reflect.get(first, 'text') ?? Reflect.get(first, 'sql'))
          : undefined
    if (typeof sql === 'string' && !changes(sql)) return
    if (sql === undefined && (method === 'query' || method === 'execute')) return
    const { place } = this.#ports.frames.here()
    const detail = typeof sql === 'string' ? sql.trim().slice(0, 80) : method
    this.#ports.emit({
      event: 'outside',
      ...current(),
      package: from,
      detail,
      ...(place === undefined ? {} : { writtenAt: place }),
    })
  }

  /** A class whose making says where, and whose `set` says which request. */
  #sessionStore(exports: unknown, from: string): unknown {
    const made = new WeakMap<object, Place>()
    const { emit, frames } = this.#ports
    if (typeof exports !== 'function') return exports
    const prototype: unknown = exports.prototype
    if (isObject(prototype)) {
      wrap(prototype, 'set', (self, args) => {
        const declaredAt = isObject(self) ? made.get(self) : undefined
        const at = declaredAt === undefined ? {} : { declaredAt, writtenAt: declaredAt }
        emit({
          event: 'session',
          ...current(),
          holder: exports.name,
          package: from,
          ...at,
          detail: typeof args[0] === 'string' ? 'set' : '',
        })
      })
    }
    return new Proxy(exports, {
      construct(target, args: unknown[], newTarget) {
        const store: object = Reflect.construct(target, args, newTarget)
        const { place } = frames.here()
        if (place !== undefined) made.set(store, place)
        return store
      },
    })
  }

  /** A class of databases: tells where one is opened. */
  #opened(exports: unknown, from: string): unknown {
    if (typeof exports !== 'function') return exports
    const opened = (database: object): void => {
      this.#database(database, this.#ports.frames.here().place, from)
    }
    return new Proxy(exports, {
      construct(target, args: unknown[], newTarget) {
        const database: object = Reflect.construct(target, args, newTarget)
        opened(database)
        return database
      },
      apply(target, self: unknown, args: unknown[]) {
        const database: unknown = Reflect.apply(target, self, args)
        if (isObject(database)) opened(database)
        return database
      },
    })
  }

  #database(database: object, declaredAt: Place | undefined, from: string): void {
    const path = databasePath(database)
    const prototype: unknown = Object.getPrototypeOf(database)
    if (path === undefined || !isObject(prototype)) return
    const at = declaredAt === undefined ? {} : { declaredAt, writtenAt: declaredAt }
    if (!this.#watched.has(database))
      this.#ports.emit({ event: 'database', ...current(), path, package: from, ...at })
    this.#watched.add(database)
    if (this.#watched.has(prototype)) return
    this.#watched.add(prototype)
    for (const name of ['exec', 'run', 'all', 'get']) {
      wrap(prototype, name, (self, [sql]) => {
        this.#statement(self, sql, from)
      })
    }
    wrap(prototype, 'prepare', undefined, (statement, [sql]) => {
      this.#prepared(statement, sql, database, from)
    })
  }

  /** Statements are watched by their class, as the first of it comes. */
  #prepared(statement: unknown, sql: unknown, database: object, from: string): void {
    const prototype: unknown = isObject(statement) ? Object.getPrototypeOf(statement) : undefined
    if (!isObject(statement) || !isObject(prototype)) return
    statements.set(statement, { sql, database })
    if (this.#watched.has(prototype)) return
    this.#watched.add(prototype)
    for (const name of ['run', 'get', 'all', 'iterate']) {
      wrap(prototype, name, (self) => {
        const known = isObject(self) ? statements.get(self) : undefined
        this.#statement(known?.database, known?.sql, from)
      })
    }
  }

  #statement(database: unknown, sql: unknown, from: string): void {
    if (typeof sql !== 'string' || !changes(sql)) return
    const path = isObject(database) ? databasePath(database) : undefined
    const { place } = this.#ports.frames.here()
    this.#ports.emit({
      event: 'sql',
      ...current(),
      package: from,
      detail: sql.trim().slice(0, 80),
      ...(path === undefined ? {} : { path }),
      ...(place === undefined ? {} : { writtenAt: place }),
    })
  }
}

/** Statements that change rows; tables that are made where there are none change nothing that anybody reads. */
const changing =
  /^\s*(?:insert|update|delete|replace|upsert|truncate|drop|with\b.*\b(?:insert|update|delete))\b/is

/** Rows that are put in where there are none, as a start does that more than one instance may make. */
const onlyMissing = /^\s*insert\s+(?:or\s+)?ignore\b|\bon\s+conflict\b.*\bdo\s+nothing\b/is

function changes(sql: string): boolean {
  return changing.test(sql) && !(isBoot(current()) && onlyMissing.test(sql))
}

const documents =
  'insertOne insertMany updateOne updateMany replaceOne deleteOne deleteMany bulkWrite findOneAndUpdate findOneAndReplace findOneAndDelete drop'
/** Where drivers of databases elsewhere have the class that everything goes through. */
const drivers = [
  { package: 'pg', file: '/lib/client.js', methods: ['query'] },
  { package: 'mysql2', file: '/lib/base/connection.js', methods: ['query', 'execute'] },
  { package: 'mysql2', file: '/lib/connection.js', methods: ['query', 'execute'] },
  { package: 'mysql', file: '/lib/Connection.js', methods: ['query'] },
  { package: 'mongodb', file: '/lib/collection.js', methods: documents.split(' ') },
]

const statements = new WeakMap<object, { readonly sql: unknown; readonly database: object }>()

function isDatabase(from: string): boolean {
  return from === 'node:sqlite' || from === 'better-sqlite3' || from === 'sqlite3' || from === 'sqlite'
}

/** As the app gave it, or absolute; `:memory:` for a database in memory. */
function databasePath(database: object): string | undefined {
  const name: unknown = Reflect.get(database, 'name') ?? Reflect.get(database, 'filename')
  if (typeof name === 'string' && name !== '') return name
  const location: unknown = Reflect.get(database, 'location')
  if (typeof location !== 'function') return undefined
  try {
    const path: unknown = Reflect.apply(location, database, [])
    return typeof path === 'string' ? path : ':memory:'
  } catch {
    return undefined
  }
}

function wrap(
  object: object,
  name: string,
  seen?: (self: unknown, args: readonly unknown[]) => void,
  gave?: (result: unknown, args: readonly unknown[]) => void,
): void {
  const original: unknown = Reflect.get(object, name)
  if (typeof original !== 'function') return
  const method: Method = function (...args) {
    look(() => seen?.(this, args))
    const result: unknown = Reflect.apply(original, this, args)
    look(() => gave?.(result, args))
    return result
  }
  const descriptor = Object.getOwnPropertyDescriptor(object, name)
  if (descriptor?.configurable === false) return
  Object.defineProperty(object, name, {
    value: method,
    configurable: true,
    writable: true,
    enumerable: descriptor?.enumerable ?? false,
  })
}

function look(task: () => void): void {
  try {
    task()
  } catch {
    // Looking must not change what happens.
  }
}
