// Gives hard-coded ports of Node apps another number: functions whose source is written into a file that every Node process of the app
// loads first. They run in whatever Node the app has, so they use nothing newer than Node 14, and nothing that is not written along.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** In the environment: the port given as PORT; free ports to use instead of others, by commas; folder of claims, `<asked>` → given. */
export const ownPortVariable = 'DROVER_PROVE_PORT'
export const sparePortsVariable = 'DROVER_PROVE_SPARE_PORTS'
export const portFolderVariable = 'DROVER_PROVE_PORT_FOLDER'
/** In the environment where the machine cannot give a hostname of its own. */
export const hostnameVariable = 'DROVER_PROVE_HOSTNAME'

/** Writes the module and returns its path. */
export function writePortModule(folder: string): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'remap-ports.cjs')
  const parts = [isObject, isLoopback, asPort, openClaims, remapListen, remapConnect, nameHost, remapPorts]
  writeFileSync(path, `'use strict'\n${parts.map(String).join('\n')}\nremapPorts(require)\n`)
  return path
}

type Call = (this: object, ...args: unknown[]) => unknown

interface Net {
  readonly Server: { readonly prototype: { listen: Call } }
  readonly Socket: { readonly prototype: { connect: Call } }
}

interface Files {
  readonly readFileSync: (path: string, encoding: 'utf8') => string
  readonly writeFileSync: (path: string, text: string, options: { flag: string }) => void
}

interface Load {
  (id: 'net'): Net
  (id: 'fs'): Files
  (id: 'os'): { hostname: () => string }
  (id: 'module'): { readonly syncBuiltinESMExports?: () => void }
}

interface Claims {
  /** The port given instead of this one; undefined: none. */
  readonly given: (asked: number) => number | undefined
  /** The same, claimed now if need be; the port itself when no more are left. */
  readonly claim: (asked: number) => number
}

function remapPorts(load: Load): void {
  const claims = openClaims(load)
  remapListen(load, claims)
  remapConnect(load, claims)
  nameHost(load)
}

/** Of all processes of this instance, and the same after a restart. */
function openClaims(load: Load): Claims {
  const fs = load('fs')
  const folder = `${process.env['DROVER_PROVE_PORT_FOLDER']}`
  const spare = `${process.env['DROVER_PROVE_SPARE_PORTS']}`.split(',')
  const given = (asked: number): number | undefined => {
    try {
      return Number(fs.readFileSync(`${folder}/${asked}`, 'utf8'))
    } catch {
      return undefined
    }
  }
  const claim = (asked: number): number => {
    const known = given(asked)
    if (known !== undefined) return known
    for (const port of spare) {
      try {
        // Whoever makes the file has it, whichever process of the app that is.
        fs.writeFileSync(`${folder}/spare-${port}`, String(asked), { flag: 'wx' })
        fs.writeFileSync(`${folder}/${asked}`, port, { flag: 'wx' })
        return Number(port)
      } catch {
        const other = given(asked)
        if (other !== undefined) return other
      }
    }
    return asked
  }
  return { given, claim }
}

/** Undefined: none, any, the one given as PORT, or one that was given instead already, as the primary of a cluster hears it from a worker. */
function asPort(value: unknown): number | undefined {
  const isNumeric = typeof value === 'number' || (typeof value === 'string' && /^\s*\d+\s*$/.test(value))
  const port = isNumeric ? Number(value) : 0
  const own = `${process.env['DROVER_PROVE_PORT']},${process.env['DROVER_PROVE_SPARE_PORTS']}`.split(',')
  return port > 0 && port < 65536 && !own.includes(String(port)) ? port : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isLoopback(host: unknown): boolean {
  if (typeof host !== 'string') return true
  return ['', 'localhost', '::1', '0.0.0.0', '::'].includes(host) || host.startsWith('127.')
}

function remapListen(load: Load, claims: Claims): void {
  const prototype = load('net').Server.prototype
  const listen = prototype.listen
  prototype.listen = function (...args) {
    const [first, ...others] = args
    const plain = asPort(first)
    if (plain !== undefined) return listen.call(this, claims.claim(plain), ...others)
    // Not a descriptor, nor a path, which go before a port.
    const asked =
      isObject(first) && first['path'] === undefined && !('fd' in first) ? asPort(first['port']) : undefined
    if (asked === undefined) return listen.apply(this, args)
    return listen.call(this, Object.assign({}, first, { port: claims.claim(asked) }), ...others)
  }
}

/** The app's own calls to itself have to find it. */
function remapConnect(load: Load, claims: Claims): void {
  const prototype = load('net').Socket.prototype
  const connect = prototype.connect
  const instead = (host: unknown, port: unknown): number | undefined => {
    const asked = isLoopback(host) ? asPort(port) : undefined
    return asked === undefined ? undefined : claims.given(asked)
  }
  prototype.connect = function (...args) {
    const [first, ...others] = args
    const options: unknown = Array.isArray(first) ? first[0] : first
    if (!isObject(options)) {
      const port = instead(others[0], options)
      return port === undefined ? connect.apply(this, args) : connect.call(this, port, ...others)
    }
    const port = typeof options['path'] === 'string' ? undefined : instead(options['host'], options['port'])
    if (port === undefined) return connect.apply(this, args)
    const changed = Object.assign({}, options, { port })
    if (!Array.isArray(first)) return connect.call(this, changed, ...others)
    // An array of net.connect's is marked by a symbol that a copy would lack.
    first[0] = changed
    return connect.apply(this, args)
  }
}

function nameHost(load: Load): void {
  const hostname = process.env['DROVER_PROVE_HOSTNAME']
  if (hostname === undefined) return
  load('os').hostname = () => hostname
  const { syncBuiltinESMExports } = load('module')
  if (syncBuiltinESMExports !== undefined) syncBuiltinESMExports()
}
