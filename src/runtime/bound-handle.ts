// A listening address that is bound and not accepted on, to be handed to one process after another: bound by us, or taken
// over from a service manager (sd_listen_fds(3)).
import { lookup } from 'node:dns/promises'
import * as net from 'node:net'
import { getSystemErrorName } from 'node:util'
import { DroverError } from '../base/errors.ts'

/**
 * A socket that is bound and not accepted on. Node makes one only for its cluster module, under an underscore; it
 * travels over IPC like a net.Server, and that is all its type says.
 */
export interface BoundHandle extends net.Server {
  getsockname(out: SocketName): number
  /** A negative errno where it is not connected. */
  getpeername(out: SocketName): number
}

interface SocketName {
  address?: string
  port?: number
}

export interface BoundAddress {
  /** A numeric address, such as 127.0.0.1 or ::. */
  readonly host: string
  readonly port: number
}

declare module 'node:net' {
  /** The handle, or a negative errno. */
  function _createServerHandle(address: string, port: number, addressType: 4 | 6): BoundHandle | number
  /** The handle of a descriptor that is open already: of TCP, or of a Unix socket, which has no `getsockname`. */
  function _createServerHandle(
    address: null,
    port: null,
    addressType: null,
    descriptor: number,
  ): BoundHandle | Omit<BoundHandle, 'getsockname'> | number
}

/**
 * By these names a service manager such as systemd tells one process, and only that one, of the sockets it hands down. No
 * child may inherit them.
 */
export const inheritedSocketVariables: readonly string[] = [
  'LISTEN_PID',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'LISTEN_PIDFDID',
]

/** SD_LISTEN_FDS_START of sd_listen_fds(3). */
const firstDescriptor = 3

/** The port, or a negative errno: libuv keeps a taken address to itself until the handle is first used (uv_tcp_bind). */
export function boundPort(handle: BoundHandle): number {
  const name: SocketName = {}
  const errno = handle.getsockname(name)
  return errno < 0 ? errno : (name.port ?? 0)
}

/** Where it is bound. */
export function boundAddress(handle: BoundHandle): BoundAddress {
  const name: SocketName = {}
  handle.getsockname(name)
  return { host: name.address ?? '', port: name.port ?? 0 }
}

/**
 * The socket that a service manager has bound for the process `pid`, by what it wrote into the environment (systemd's
 * socket activation); undefined where it has none for it. Throws OPTION_INVALID where it is not one TCP socket to listen
 * on. To be called once, before this process opens anything of its own.
 */
export function inheritedHandle(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): BoundHandle | undefined {
  const count = environment['LISTEN_FDS'] ?? '0'
  if (environment['LISTEN_PID'] !== String(pid) || count === '0') return undefined
  if (count !== '1') throw notInherited(`LISTEN_FDS is ${JSON.stringify(count)}; wanted 1`)
  const handle = net._createServerHandle(null, null, null, firstDescriptor)
  if (typeof handle === 'number')
    throw notInherited(`it is no stream socket (${getSystemErrorName(handle)}); wanted ListenStream`)
  if (!('getsockname' in handle)) throw notInherited('it is a Unix socket; wanted a TCP port')
  if (handle.getpeername({}) === 0) throw notInherited('it is a connection; wanted Accept=no')
  if (boundPort(handle) <= 0) throw notInherited('it is bound to no port')
  return handle
}

/** What to say where a socket was handed down, but to another process than `pid`: one between that and the service manager. */
export function missedSocket(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): string | undefined {
  const { LISTEN_FDS: count = '0', LISTEN_PID: owner } = environment
  if (count === '0' || owner === undefined || owner === String(pid)) return undefined
  return `the socket of the service manager was handed to process ${owner}, not to this one, and is not used: start drover without npx, npm or a shell`
}

/** Binds without accepting; port 0 takes a free one. Rejects with PORT_TAKEN or OPTION_INVALID. */
export async function bindHandle(host: string, port: number): Promise<BoundHandle> {
  const { address, family } = await lookup(host).catch((cause: unknown) => {
    throw new DroverError('OPTION_INVALID', `Cannot listen on ${host}: no such address on this machine`, {
      cause,
    })
  })
  const handle = net._createServerHandle(address, port, family === 6 ? 6 : 4)
  if (typeof handle === 'number') throw listenError(host, port, getSystemErrorName(handle))
  const bound = boundPort(handle)
  if (bound > 0) return handle
  handle.close()
  throw listenError(host, port, getSystemErrorName(bound))
}

const refusals: Readonly<Record<string, string>> = {
  EACCES: 'no permission for this port',
  EADDRNOTAVAIL: 'no such address on this machine',
}

/** What `code`, a system error's name, means for whoever wanted to listen there. */
export function listenError(host: string, port: number, code: string): DroverError {
  if (code === 'EADDRINUSE')
    return new DroverError('PORT_TAKEN', `Cannot listen on ${host}:${port}: the port is taken`)
  const why = refusals[code] ?? code
  return new DroverError('OPTION_INVALID', `Cannot listen on ${host}:${port}: ${why}`)
}

function notInherited(why: string): DroverError {
  return new DroverError('OPTION_INVALID', `Cannot take over the socket of the service manager: ${why}`)
}
