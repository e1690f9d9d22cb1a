// A listening address that is bound and not accepted on, to be handed to one process after another.
import { lookup } from 'node:dns/promises'
import * as net from 'node:net'
import { getSystemErrorName } from 'node:util'
import { DroverError } from '../base/errors.ts'

/**
 * A socket that is bound and not accepted on. Node makes one only for its cluster module, under an underscore; it
 * travels over IPC like a net.Server, and that is all its type says.
 */
export interface BoundHandle extends net.Server {
  getsockname(out: { port?: number }): number
}

declare module 'node:net' {
  /** The handle, or a negative errno. */
  function _createServerHandle(address: string, port: number, addressType: 4 | 6): BoundHandle | number
}

/** The port, or a negative errno: libuv keeps a taken address to itself until the handle is first used (uv_tcp_bind). */
export function boundPort(handle: BoundHandle): number {
  const name: { port?: number } = {}
  const errno = handle.getsockname(name)
  return errno < 0 ? errno : (name.port ?? 0)
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

/** What `code`, a system error's name, means for whoever wanted to listen there. */
export function listenError(host: string, port: number, code: string): DroverError {
  if (code === 'EADDRINUSE')
    return new DroverError('PORT_TAKEN', `Cannot listen on ${host}:${port}: the port is taken`)
  const why = code === 'EACCES' ? 'no permission for this port' : code
  return new DroverError('OPTION_INVALID', `Cannot listen on ${host}:${port}: ${why}`)
}
