// The control API: HTTP and JSON over a Unix socket that only its owner may open.
import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, rename, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { DroverError } from '../base/errors.ts'
import type { FleetCommands } from './commands.ts'
import { answerRequest, type Answering } from './handler.ts'
import { Places } from './places.ts'
import { socketPath } from './socket-path.ts'

const socketMode = 0o600
const maxConnections = 64
/** Of these connections, those that read the log, which may take for ever. */
const mostReaders = 32
const requestTimeoutMs = 5_000
/** How often it is looked for connections on which no request has come in that time. */
const checkIntervalMs = 1_000
const closeGraceMs = 500

export interface ControlServer {
  /** Opens the socket again where somebody has removed it; answers under way go on. Only who has the state folder may ask for it. */
  keep(): Promise<void>
  /**
   * Ends the answers that follow the log, lets others under way finish for half a second, closes every connection and removes the
   * socket, unless that is another fleet's by now.
   */
  close(): Promise<void>
}

/**
 * Opens the control socket in `stateDir` and serves `commands` on it. A socket left by a killed primary is replaced.
 * Rejects FLEET_ALREADY_RUNNING when another primary answers there, and OPTION_INVALID when the path is too long.
 */
export async function openControlServer(
  stateDir: string,
  currentDir: string,
  commands: FleetCommands,
): Promise<ControlServer> {
  const path = socketPath(stateDir, currentDir)
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  await requireFree(path, stateDir)
  const closing = new AbortController()
  const answering = { commands, places: new Places(mostReaders), closing: closing.signal }
  let socket = await openSocket(path, answering)
  /** Those whose socket was removed, until nobody is connected to them any more. */
  const cut = new Set<Server>()
  return {
    keep: async () => {
      if (await isAt(path, socket)) return
      const { server } = socket
      socket = await openSocket(path, answering)
      cut.add(server)
      server.close(() => cut.delete(server))
    },
    close: async () => {
      closing.abort()
      // Where it cannot be removed, as on a disk that is read-only by now, the next fleet replaces it.
      if (await isAt(path, socket)) await rm(path, { force: true }).catch(() => undefined)
      await Promise.all([...cut, socket.server].map(close))
    },
  }
}

interface OpenSocket {
  readonly server: Server
  readonly dev: number
  readonly ino: number
}

/** The system gives the number of a socket's file to no other one as long as it is listened on, removed or not. */
async function isAt(path: string, { dev, ino }: OpenSocket): Promise<boolean> {
  const found = await lstat(path).catch(unlessAbsent)
  return found?.dev === dev && found.ino === ino
}

/**
 * It is bound under a name of its own: Node removes whatever has the name that it was bound to when it closes, which may be another
 * fleet's socket by then. That name is no longer, so it fits wherever the other does.
 */
async function openSocket(path: string, answering: Answering): Promise<OpenSocket> {
  const times = { requestTimeout: requestTimeoutMs, connectionsCheckingInterval: checkIntervalMs }
  const server = createServer({ ...times, keepAlive: false }, (request, response) => {
    void answerRequest(answering, request, response)
  })
  server.maxConnections = maxConnections
  const boundPath = join(dirname(path), `ctl.${randomBytes(4).toString('hex')}`)
  await listen(server, boundPath)
  const { dev, ino } = await lstat(boundPath)
  await rename(boundPath, path)
  return { server, dev, ino }
}

async function requireFree(path: string, stateDir: string): Promise<void> {
  const found = await lstat(path).catch(unlessAbsent)
  if (found === undefined) return
  if (!found.isSocket()) {
    throw new DroverError(
      'CONTROL_FAILED',
      `Cannot open the control socket ${path}: another kind of file is there`,
    )
  }
  if (await isAnswered(path)) {
    throw new DroverError(
      'FLEET_ALREADY_RUNNING',
      `Cannot start a fleet in ${stateDir}: one is running there already`,
    )
  }
}

function unlessAbsent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
  throw error
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => {
      resolve(false)
    })
  })
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', resolve)
    // Node binds a Unix socket before listen() returns, so this mask covers the bind and nothing else:
    // there is no moment at which somebody else could connect.
    const previousMask = process.umask(0o077)
    try {
      server.listen(path)
    } finally {
      process.umask(previousMask)
    }
  })
  // A connection that cannot be accepted must not end the fleet.
  server.removeAllListeners('error').on('error', (error) => {
    process.emitWarning(error)
  })
  await chmod(path, socketMode)
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
  server.closeIdleConnections()
  const cut = setTimeout(() => {
    server.closeAllConnections()
  }, closeGraceMs)
  await closed
  clearTimeout(cut)
}
