// Little apps as functions, started as servers in this process: what a proof sees of them is what it sees of real ones.
import { createServer, type RequestListener, type Server } from 'node:http'
import { AppFailure, type AppSpec, type Servers, type Starter } from '../../../src/prove/app/servers.ts'
import type { Mode } from '../../../src/prove/trace.ts'

/** What an instance finds when it boots. */
export interface World {
  readonly instance: number
  readonly hostname: string
  /** Another one after each boot. */
  readonly pid: number
  /** Of the server that it is; known once a request is there. */
  readonly port: () => number
  /** Its disk: its own, or that of all. */
  readonly disk: Map<string, string>
  /** A database that all share; empty before each run, or as runs left it. */
  readonly outside: Map<string, string>
  /** Whether it still runs: what was set going before a kill may ask. */
  readonly isAlive: () => boolean
}

/** Boots an instance. Throws where it cannot start. */
export type LittleApp = (world: World) => RequestListener

export interface LittleAppOptions {
  /** The database is as the run before left it. */
  readonly keepsOutside?: boolean
}

export const noApp: AppSpec = {
  command: ['little-app'],
  cwd: '/nowhere',
  env: {},
  readyPath: undefined,
  readyTimeoutMs: 1000,
  before: undefined,
  reset: undefined,
  targets: [],
}

let pids = 1000

/** A starter whose apps are all `app`. */
export function inProcess(app: LittleApp, { keepsOutside = false }: LittleAppOptions = {}): LittleStarter {
  return new LittleStarter(app, keepsOutside)
}

export class LittleStarter implements Pick<Starter, 'startServers'> {
  readonly #app: LittleApp
  readonly #outside = new Map<string, string>()
  readonly #keepsOutside: boolean
  starts = 0
  running = 0

  constructor(app: LittleApp, keepsOutside: boolean) {
    this.#app = app
    this.#keepsOutside = keepsOutside
  }

  async startServers(_: AppSpec, mode: Mode, count: number): Promise<Servers> {
    this.starts += 1
    const outside = this.#keepsOutside ? this.#outside : new Map<string, string>()
    const shared = new Map<string, string>()
    const instances = Array.from({ length: count }, (__, index) => {
      const disk = mode === 'private-disk' ? new Map<string, string>() : shared
      return new LittleInstance(this.#app, index + 1, mode, disk, outside)
    })
    await Promise.all(instances.map((instance) => instance.listen()))
    this.running += 1
    return this.#servers(mode, instances)
  }

  #servers(mode: Mode, instances: readonly LittleInstance[]): Servers {
    let stopped = false
    return {
      mode,
      origins: instances.map(({ port }) => `http://127.0.0.1:${port}`),
      limits: [],
      startedInMs: 1,
      restart: async () => {
        for (const instance of instances) instance.boot()
      },
      isRunning: () => true,
      lastLines: () => [],
      portOf: (instance) => instances[instance - 1]?.port ?? 0,
      writtenFiles: async (instance) => {
        return [...(instances[instance - 1]?.disk.keys() ?? [])].map((path) => {
          return { path, change: 'added', sizeBytes: 1, modifiedAtMs: 1 } as const
        })
      },
      readFile: async () => undefined,
      evidenceFolder: () => '/nowhere',
      pidOf: () => undefined,
      stop: async () => {
        if (stopped) return
        stopped = true
        this.running -= 1
        await Promise.all(instances.map((instance) => instance.close()))
      },
    }
  }
}

class LittleInstance {
  readonly #app: LittleApp
  readonly #world: Omit<World, 'pid' | 'isAlive'>
  readonly #server: Server
  #listener: RequestListener = () => undefined
  #life = 0
  readonly disk: Map<string, string>

  constructor(
    app: LittleApp,
    instance: number,
    mode: Mode,
    disk: Map<string, string>,
    outside: Map<string, string>,
  ) {
    this.#app = app
    this.disk = disk
    const hostname = mode === 'private-disk' ? `host-${instance}` : 'host'
    this.#world = { instance, hostname, port: () => this.port, disk, outside }
    this.#server = createServer((request, response) => this.#listener(request, response))
    this.boot()
  }

  /** Another life: what the last one held in memory is gone. */
  boot(): void {
    this.#life += 1
    const life = this.#life
    pids += 1
    try {
      this.#listener = this.#app({ ...this.#world, pid: pids, isAlive: () => this.#life === life })
    } catch (error) {
      throw new AppFailure(`The app did not start: ${String(error)}`)
    }
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve)
    })
  }

  close(): Promise<void> {
    this.#life += 1
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}
