// Watches what the app asks of Node itself: files, randomness, its own identity, timers. Each function still does what it did.
import crypto from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { current, isBoot, runAs, timerContext } from './context.ts'
import type { AppEvent, Place } from './event.ts'
import type { Frame, Frames } from './frames.ts'
import { portFolderVariable } from './settings.ts'

export interface BuiltinPorts {
  readonly emit: (event: Omit<AppEvent, 'pid'>) => void
  readonly frames: Frames
  /** The variable of a module in whose declaration a place is, and as `reads` those that are made of it. */
  readonly holderAt: (place: Place) => Pick<AppEvent, 'holder' | 'declaredAt' | 'reads'>
  /** The variable of a module that holds a path. */
  readonly holderOf: (path: string) => Pick<AppEvent, 'holder' | 'declaredAt'>
}

type Callable = (...args: unknown[]) => unknown

export function watchBuiltins(ports: BuiltinPorts): void {
  watchFiles(ports)
  watchRandom(ports)
  watchIdentity(ports)
  watchTimers(ports)
  watchOutside(ports)
  syncBuiltinESMExports()
}

/** Calls `seen` before each call of `object[name]`, and then the function itself. */
function before(object: object, name: string, seen: (args: readonly unknown[]) => void): void {
  const original: unknown = Reflect.get(object, name)
  if (typeof original !== 'function') return
  const watched = new Proxy(original, {
    apply(target: object, self: unknown, args: unknown[]): unknown {
      try {
        seen(args)
      } catch {
        // Looking must not change what happens.
      }
      return Reflect.apply(asCallable(target), self, args)
    },
  })
  const descriptor = Object.getOwnPropertyDescriptor(object, name)
  if (descriptor?.configurable === false) return
  Object.defineProperty(object, name, {
    value: watched,
    configurable: true,
    writable: true,
    enumerable: descriptor?.enumerable ?? true,
  })
}

function asCallable(value: object): Callable {
  if (!isCallable(value)) throw new TypeError('Not a function')
  return value
}

function isCallable(value: unknown): value is Callable {
  return typeof value === 'function'
}

const writing = [
  'writeFile',
  'appendFile',
  'truncate',
  'mkdir',
  'rm',
  'rmdir',
  'unlink',
  'createWriteStream',
  'utimes',
]
const reading = ['readFile', 'readdir', 'createReadStream', 'stat', 'lstat', 'access', 'exists']
/** What is written comes second. */
const moving = ['rename', 'copyFile', 'cp', 'symlink', 'link']

function watchFiles(ports: BuiltinPorts): void {
  const told = new Set<string>()
  // What finds the app another port keeps its claims there.
  const claims = process.env[portFolderVariable] ?? ''
  const tell = (event: 'file-write' | 'file-read', value: unknown, detail: string): void => {
    const path = pathIn(value)
    if (path === undefined || /[/\\]node_modules[/\\]|^\/(?:proc|dev|sys)\//.test(path)) return
    if (claims !== '' && path.startsWith(claims)) return
    const { request } = current()
    const key = `${event} ${request} ${path}`
    if (told.has(key) || (event === 'file-read' && /\.[cm]?[jt]sx?$/.test(path))) return
    const frame = ports.frames.here()
    if (request === 0 && frame.place === undefined) return
    told.add(key)
    const named = placed(frame, ports)
    const holder = named.declaredAt === undefined ? ports.holderOf(path) : {}
    ports.emit({ event, request, path, detail, ...named, ...holder })
  }
  for (const object of [fs, fs.promises]) {
    for (const name of writing)
      both(object, name, (args) => {
        tell('file-write', args[0], name)
      })
    for (const name of reading)
      both(object, name, (args) => {
        tell('file-read', args[0], name)
      })
    for (const name of moving)
      both(object, name, (args) => {
        tell('file-write', args[1], name)
      })
    both(object, 'open', (args) => {
      const flags = typeof args[1] === 'string' || typeof args[1] === 'number' ? args[1] : 'r'
      const isRead = typeof flags === 'string' ? /^rs?$/.test(flags) : (flags & 3) === 0
      tell(isRead ? 'file-read' : 'file-write', args[0], 'open')
    })
  }
}

function both(object: object, name: string, seen: (args: readonly unknown[]) => void): void {
  before(object, name, seen)
  before(object, `${name}Sync`, seen)
}

function pathIn(value: unknown): string | undefined {
  if (typeof value === 'string') return resolve(value)
  if (value instanceof URL) return fileURLToPath(value)
  return Buffer.isBuffer(value) ? resolve(value.toString()) : undefined
}

/** What is asked for at boot may stay in a variable. */
function placed({ place, module, package: from }: Frame, { holderAt }: BuiltinPorts): Partial<AppEvent> {
  if (place === undefined) return from === undefined ? {} : { package: from }
  const holder = isBoot(current()) ? holderAt(module ?? place) : {}
  return { writtenAt: place, ...holder, ...(from === undefined ? {} : { package: from }) }
}

/** Only what the app itself asks for, or a package that it calls right then. */
function watchRandom(ports: BuiltinPorts): void {
  const tell = (detail: string): void => {
    const context = current()
    const frame = ports.frames.here()
    if (frame.place !== undefined)
      ports.emit({ event: 'random', ...context, detail, ...placed(frame, ports) })
  }
  const names = [
    'randomBytes',
    'randomUUID',
    'randomInt',
    'randomFillSync',
    'generateKeySync',
    'generateKeyPairSync',
    'generateKeyPair',
    'getRandomValues',
  ]
  for (const name of names)
    before(crypto, name, () => {
      tell(name)
    })
  for (const name of ['getRandomValues', 'randomUUID'])
    before(Object.getPrototypeOf(crypto.webcrypto), name, () => {
      tell(name)
    })
  before(Object.getPrototypeOf(crypto.subtle), 'generateKey', () => {
    tell('generateKey')
  })
  // Drawn all the time by everybody; only at boot does it say something.
  before(Math, 'random', () => {
    if (isBoot(current())) tell('Math.random')
  })
}

function watchIdentity(ports: BuiltinPorts): void {
  const told = new Set<string>()
  const tell = (detail: string): void => {
    const context = current()
    const frame = ports.frames.here()
    const key = `${context.request} ${detail} ${frame.place?.file ?? ''} ${frame.place?.line ?? 0}`
    // Packages ask for it on their own, in logs above all.
    if (frame.place === undefined || frame.package !== undefined || told.has(key)) return
    told.add(key)
    ports.emit({ event: 'identity', ...context, detail, ...placed(frame, ports) })
  }
  before(os, 'hostname', () => {
    tell('hostname')
  })
  before(os, 'networkInterfaces', () => {
    tell('networkInterfaces')
  })
  before(process, 'uptime', () => {
    tell('uptime')
  })
  watchEnvironment(tell)
  const { pid } = process
  const descriptor = Object.getOwnPropertyDescriptor(process, 'pid')
  if (descriptor?.configurable !== true) return
  Object.defineProperty(process, 'pid', {
    get: () => {
      tell('pid')
      return pid
    },
    configurable: true,
    enumerable: true,
  })
}

/** Variables by which platforms tell instances apart. */
const ofInstance =
  /^(?:PORT|HOST|HOSTNAME|DYNO|NODE_APP_INSTANCE|.*(?:INSTANCE|POD|NODE_NAME|WORKER|REPLICA|REGION|ZONE).*)$/

function watchEnvironment(tell: (detail: string) => void): void {
  const watched = new Proxy(process.env, {
    get(target, name): unknown {
      if (typeof name === 'string' && ofInstance.test(name) && Reflect.get(target, name) !== undefined)
        tell(`env ${name}`)
      return Reflect.get(target, name)
    },
    // The environment refuses properties that are defined in part, as a proxy would by itself.
    set: (target, name, value) => Reflect.set(target, name, value),
  })
  Object.defineProperty(process, 'env', {
    value: watched,
    configurable: true,
    writable: true,
    enumerable: true,
  })
}

/** A timer that belongs to no request runs as such, so that what it writes is not taken for a request's. */
function watchTimers(ports: BuiltinPorts): void {
  for (const name of ['setInterval', 'setTimeout'] as const) {
    const original: unknown = Reflect.get(globalThis, name)
    if (!isCallable(original)) continue
    const watched = new Proxy(original, {
      apply(target, self: unknown, args: unknown[]): unknown {
        const [callback, ...rest] = args
        if (!isCallable(callback) || !isOfItsOwn(name, ports)) return Reflect.apply(target, self, args)
        const task = function (this: unknown, ...values: unknown[]): unknown {
          return runAs(timerContext(), () => Reflect.apply(callback, this, values))
        }
        return Reflect.apply(target, self, [task, ...rest])
      },
    })
    Object.defineProperty(globalThis, name, {
      value: watched,
      configurable: true,
      writable: true,
      enumerable: true,
    })
  }
}

/** Any interval; a timeout that the app itself sets while it starts, or again in such a timer. Tells those that the app sets. */
function isOfItsOwn(name: 'setInterval' | 'setTimeout', { emit, frames }: BuiltinPorts): boolean {
  const { request } = current()
  const { place, module, package: from } = frames.here()
  if (place === undefined || (name === 'setTimeout' && from !== undefined)) return name === 'setInterval'
  const source = from === undefined ? {} : { package: from }
  // What a request puts off: where that is done, and where the request asks for it.
  emit({ event: 'schedule', request, detail: name, declaredAt: place, writtenAt: module ?? place, ...source })
  return name === 'setInterval' || request === 0 || request < -1
}

/** Requests of the app to others, but those that only ask. */
function watchOutside({ emit, frames }: BuiltinPorts): void {
  const tell = (method: unknown, url: unknown): void => {
    if (typeof method !== 'string' || /^(?:GET|HEAD|OPTIONS|CONNECT)$/i.test(method)) return
    const { place, package: from } = frames.here()
    const at = place === undefined ? {} : { writtenAt: place }
    const detail = `${method.toUpperCase()} ${String(url).slice(0, 200)}`
    emit({ event: 'outside', ...current(), detail, ...at, ...(from === undefined ? {} : { package: from }) })
  }
  before(globalThis, 'fetch', ([input, options]) => {
    const request = input instanceof Request ? input : undefined
    tell(propertyOf(options, 'method') ?? request?.method, request?.url ?? input)
  })
  for (const module of [http, https]) {
    before(module, 'request', ([first, second]) => {
      const options = typeof first === 'string' || first instanceof URL ? second : first
      tell(
        propertyOf(options, 'method'),
        typeof first === 'string' || first instanceof URL ? first : propertyOf(first, 'host'),
      )
    })
  }
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
