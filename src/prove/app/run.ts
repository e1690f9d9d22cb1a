// One run: instances on fresh disks, ready to answer, until they are stopped.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Environment } from '../../supervisor/command.ts'
import { pause, systemScheduler } from '../../supervisor/scheduler.ts'
import type { Mode } from '../trace.ts'
import type { Disk, Disks, Place } from './disk.ts'
import { hostnameOf } from './disk.ts'
import type { Found } from './find-origin.ts'
import { findOrigin } from './find-origin.ts'
import { Forwarder } from './forwarder.ts'
import type { Groups } from './groups.ts'
import { Instance } from './instance.ts'
import type { KeptPorts } from './kept-ports.ts'
import { listAllListening } from './listening.ts'
import { hostnameVariable, ownPortVariable, portFolderVariable, sparePortsVariable } from './remap-ports.ts'
import type { AppSpec, Instrument, Servers, WrittenFile } from './servers.ts'
import { evidenceVariable, instanceVariable } from './servers.ts'
import { takenPort } from './taken-port.ts'

export interface RunOptions {
  readonly app: AppSpec
  readonly mode: Mode
  readonly count: number
  readonly instrument: Instrument | undefined
  readonly disks: Disks
  readonly groups: Groups
  readonly ports: KeptPorts
  /** What instances find under the same path. */
  readonly sharedFolder: string
  /** Of remap-ports.ts. */
  readonly portModule: string
  /** `empty`: its own, from which no service of this machine is reached. */
  readonly network: 'shared' | 'own' | 'empty'
  /** The port that the app is known to ask for. */
  readonly remembered: number | undefined
  /** One instance after the other, as with apps that cannot set up their database twice at the same time. */
  readonly inTurn: boolean
  readonly limits: readonly string[]
}

const graceMs = 300
/** Within it, whoever used a port for a connection or a test of theirs is likely to be gone. */
const portFreeMs = 1000
/** Ports of an instance that it asks for besides PORT. */
const spareCount = 6
/** What a middling app takes. */
const memoryOfInstance = 400 * 1024 * 1024

interface Member {
  readonly disk: Disk
  readonly place: Place
  readonly folder: string
  readonly evidence: string
  readonly port: number
  readonly spare: readonly number[]
  readonly forwarder: Forwarder | undefined
  readonly instance: Instance
  found: Found | undefined
}

export class Run implements Servers {
  readonly #options: RunOptions
  readonly #disks: Disk[] = []
  readonly #members: Member[] = []
  #folder = ''
  #startedInMs = 0
  #stopped: Promise<void> | undefined

  private constructor(options: RunOptions) {
    this.#options = options
  }

  /** Rejects with AppFailure; then nothing of it is left. */
  static async start(options: RunOptions): Promise<Run> {
    const run = new Run(options)
    try {
      await run.#prepare()
      await run.#start()
      return run
    } catch (error) {
      await run.stop()
      throw error
    }
  }

  get mode(): Mode {
    return this.#options.mode
  }

  get limits(): readonly string[] {
    return [...this.#options.disks.limits, ...this.#options.limits]
  }

  get startedInMs(): number {
    return this.#startedInMs
  }

  get origins(): readonly string[] {
    return this.#members.map(({ found }) => found?.origin ?? '')
  }

  /** What it took to find the first instance. */
  get found(): Found | undefined {
    return this.#members[0]?.found
  }

  /** Whether the app opened a port that it was neither given nor had mapped. */
  get isFixed(): boolean {
    const member = this.#members[0]
    if (member?.found === undefined || member.forwarder !== undefined) return false
    const { port } = member.found
    return port !== member.port && !member.spare.includes(port) && !isEphemeral(port)
  }

  async restart(): Promise<void> {
    const end = async (): Promise<void> => {
      await Promise.all(this.#members.map(({ instance }) => instance.end(0)))
    }
    await end()
    try {
      await this.#start()
    } catch (error) {
      if (takenPort(error) === undefined) throw error
      // It had the port before: somebody else on this machine used it in between.
      await end()
      await pause(systemScheduler, portFreeMs)
      await this.#start()
    }
  }

  isRunning(instance: number): boolean {
    return this.#member(instance).instance.exit === undefined
  }

  lastLines(instance: number): readonly string[] {
    return this.#member(instance).instance.lastLines
  }

  portOf(instance: number): number {
    const { found, port } = this.#member(instance)
    return found?.asked ?? port
  }

  pidOf(instance: number): number | undefined {
    return this.#member(instance).instance.pid
  }

  writtenFiles(instance: number): Promise<readonly WrittenFile[]> {
    return this.#member(instance).disk.writtenFiles()
  }

  readFile(instance: number, path: string): Promise<Buffer | undefined> {
    return this.#member(instance).disk.readFile(path)
  }

  evidenceFolder(instance: number): string {
    return this.#member(instance).evidence
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #prepare(): Promise<void> {
    const { count, mode, disks, sharedFolder } = this.#options
    this.#folder = await mkdtemp(join(sharedFolder, 'run-'))
    const numbers = Array.from({ length: count }, (_, index) => index + 1)
    const groups = mode === 'private-disk' ? numbers.map((number) => [number]) : [numbers]
    const opened = await settleAll(
      groups.map(async (group) => {
        const disk = await disks.open(group)
        this.#disks.push(disk)
        return group.map((number): readonly [number, Disk] => [number, disk])
      }),
    )
    const members = await settleAll(opened.flat().map(([number, disk]) => this.#join(number, disk)))
    this.#members.push(...members)
  }

  async #join(number: number, disk: Disk): Promise<Member> {
    const { network, groups, ports } = this.#options
    const folder = join(this.#folder, String(number))
    const evidence = join(folder, 'evidence')
    await Promise.all([
      mkdir(evidence, { recursive: true }),
      mkdir(join(folder, 'ports'), { recursive: true }),
    ])
    const place = await disk.enter(number, network === 'shared' ? 'shared' : 'own')
    const [port = 0, ...spare] = await Promise.all(Array.from({ length: 1 + spareCount }, () => ports.take()))
    const forwarder = await this.#openForwarder(place)
    const spec = this.#specOf({ number, place, folder, evidence, port, spare })
    return {
      disk,
      place,
      folder,
      evidence,
      port,
      spare,
      forwarder,
      instance: new Instance(spec, groups),
      found: undefined,
    }
  }

  #openForwarder({ enterNetwork }: Place): Promise<Forwarder | undefined> {
    if (enterNetwork === undefined) return Promise.resolve(undefined)
    const { network, remembered } = this.#options
    const all = network === 'empty' ? [] : listAllListening()
    const services = all.map(({ port }) => port).filter((port) => port !== remembered)
    return Forwarder.open(enterNetwork, services)
  }

  #specOf({
    number,
    place,
    folder,
    evidence,
    port,
    spare,
  }: Pick<Member, 'place' | 'folder' | 'evidence' | 'port' | 'spare'> & {
    number: number
  }): ConstructorParameters<typeof Instance>[0] {
    const { app, instrument, network, portModule } = this.#options
    const given = Object.entries({ ...app.env, ...instrument?.env })
    const env: Environment = {
      ...Object.fromEntries(
        given.map(([name, value]) => [name, value === undefined ? undefined : place.translate(value)]),
      ),
      ...place.env,
      PORT: String(port),
      [instanceVariable]: String(number),
      [evidenceVariable]: evidence,
      ...(network !== 'shared'
        ? {}
        : {
            [ownPortVariable]: String(port),
            [sparePortsVariable]: spare.join(','),
            [portFolderVariable]: join(folder, 'ports'),
          }),
      ...(place.enter.length === 0 ? { [hostnameVariable]: hostnameOf(number) } : {}),
    }
    const preload = [...(network === 'shared' ? [portModule] : []), ...(instrument?.preload ?? [])]
    const nodeOptions = [...preload.map(asNodeOption), env['NODE_OPTIONS'] ?? ''].join(' ').trim()
    const command = [
      ...place.enter,
      ...(instrument?.wrap?.(evidence) ?? []),
      ...app.command.map((part) => place.translate(part)),
    ]
    return { command, cwd: place.cwd, env: nodeOptions === '' ? env : { ...env, NODE_OPTIONS: nodeOptions } }
  }

  async #start(): Promise<void> {
    const startedAt = performance.now()
    const inTurn = this.#options.inTurn || process.availableMemory() < this.#members.length * memoryOfInstance
    if (inTurn) for (const member of this.#members) await this.#startMember(member)
    else await settleAll(this.#members.map((member) => this.#startMember(member)))
    this.#startedInMs = performance.now() - startedAt
  }

  async #startMember(member: Member): Promise<void> {
    const { app, instrument, remembered } = this.#options
    await member.instance.start()
    member.found = await findOrigin({
      instance: member.instance,
      port: member.port,
      likely: [member.port, ...(remembered === undefined ? [] : member.spare)],
      askedFor: (port) => readAsked(join(member.folder, 'ports'), port),
      remembered: member.found?.asked ?? remembered,
      forwarder: member.forwarder,
      readyPath: app.readyPath,
      timeoutMs: Math.min(app.readyTimeoutMs, instrument?.readyWithinMs ?? Infinity),
      scheduler: systemScheduler,
    })
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#members.map(({ instance }) => instance.end(graceMs)))
    await Promise.all(this.#members.map(async ({ forwarder }) => forwarder?.close()))
    await Promise.all(this.#disks.map((disk) => disk.close()))
    for (const port of this.#members.flatMap((member) => [member.port, ...member.spare]))
      this.#options.ports.release(port)
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  #member(instance: number): Member {
    const member = this.#members[instance - 1]
    if (member === undefined)
      throw new RangeError(`Cannot look at instance ${instance}: there are ${this.#members.length}`)
    return member
  }
}

/** As Promise.all, but nothing is still under way when it rejects. */
async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}

function readAsked(folder: string, port: number): number {
  try {
    return Number(readFileSync(join(folder, `spare-${port}`), 'utf8'))
  } catch {
    // Not mapped: the app chose it itself.
    return port
  }
}

function isEphemeral(port: number): boolean {
  try {
    const [low = 0, high = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number)
    return port >= low && port <= high
  } catch {
    // The range of IANA (RFC 6335 section 6), as elsewhere than on Linux.
    return port >= 49_152
  }
}

function asNodeOption(path: string): string {
  const isAddress = path.startsWith('file:')
  const isImported = isAddress || /\.m?ts$/.test(path)
  const target = isImported && !isAddress ? pathToFileURL(path).href : path
  return `--${isImported ? 'import' : 'require'} ${/["\\\s]/.test(target) ? JSON.stringify(target) : target}`
}
