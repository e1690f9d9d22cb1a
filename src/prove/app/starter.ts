// Starts runs of an app one after the other, each from the same fresh state, and remembers what it found out about the app.
import { mkdirSync } from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findCommandProblem } from '../../supervisor/command.ts'
import type { Mode } from '../trace.ts'
import { openCopyDisks } from './copy-disks.ts'
import type { Disks, Place } from './disk.ts'
import { Groups } from './groups.ts'
import { KeptPorts } from './kept-ports.ts'
import { openOverlayDisks } from './overlay-disks.ts'
import { writePortModule } from './remap-ports.ts'
import { Run } from './run.ts'
import type { AppSpec, Instrument, Servers, Starter } from './servers.ts'
import { AppFailure } from './servers.ts'
import { removeLeftoverFolders, rootPrefix } from './leftover-folders.ts'
import { runShellCommand } from './shell-command.ts'
import { takenPort } from './taken-port.ts'
import { useTargets } from './targets.ts'

export interface StarterOptions {
  /** How instances get disks of their own; `copy` also where there could be overlays. */
  readonly disks?: 'best' | 'copy'
}

/** What was found out about one app. */
interface Knowledge {
  disks: Promise<Disks> | undefined
  /** Where commands of the user run. */
  commandPlace: Promise<Place> | undefined
  before: Promise<void> | undefined
  port: KnownPort | undefined
}

interface KnownPort {
  /** Undefined: not found yet. */
  readonly asked: number | undefined
  /** `empty`: its own, from which no service of this machine is reached. */
  readonly network: 'shared' | 'own' | 'empty'
  readonly limits: readonly string[]
}

const fresh: KnownPort = { asked: undefined, network: 'shared', limits: [] }

export async function openStarter({ disks = 'best' }: StarterOptions = {}): Promise<Starter> {
  await removeLeftoverFolders(tmpdir())
  const folder = await realpath(await mkdtemp(join(tmpdir(), `${rootPrefix}${process.pid}-`)))
  return new AppStarter(folder, disks)
}

class AppStarter implements Starter {
  readonly #folder: string
  readonly #sharedFolder: string
  readonly #portModule: string
  readonly #preferred: 'best' | 'copy'
  readonly #groups = new Groups()
  readonly #ports = new KeptPorts()
  readonly #knowledge = new Map<AppSpec, Knowledge>()
  readonly #runs = new Set<Servers>()

  constructor(folder: string, preferred: 'best' | 'copy') {
    this.#folder = folder
    this.#preferred = preferred
    this.#sharedFolder = join(folder, 'shared')
    mkdirSync(this.#sharedFolder)
    this.#portModule = writePortModule(this.#sharedFolder)
  }

  async startServers(app: AppSpec, mode: Mode, count: number, instrument?: Instrument): Promise<Servers> {
    if (app.targets.length > 0) return useTargets(app.targets, mode, count)
    const problem = findCommandProblem(app.command, app.cwd, app.env)
    if (problem !== undefined) throw new AppFailure(`The app cannot be started: ${problem}`)
    const known = this.#knowledgeOf(app)
    // Instances of an app whose port is not known yet could get into each other's way.
    if (known.port === undefined && count > 1)
      await (await this.#startLearning(app, 'single', 1, instrument)).stop()
    return known.port === undefined
      ? this.#startLearning(app, mode, count, instrument)
      : this.#startKnown(app, mode, count, instrument, known.port)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#runs].map((run) => run.stop()))
    await Promise.all([...this.#knowledge.values()].map(async ({ disks }) => (await disks)?.close()))
    await this.#groups.close()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** Starts a single instance and finds out about its port; where that is hard-coded, it starts it once more in a network of its own. */
  async #startLearning(
    app: AppSpec,
    mode: Mode,
    count: number,
    instrument: Instrument | undefined,
  ): Promise<Servers> {
    const known = this.#knowledgeOf(app)
    const first = await this.#startFirst(app, mode, count, instrument)
    const asked = first.found?.asked
    known.port = { ...first.port, asked }
    if (first.run.isFixed && asked !== undefined) {
      await first.run.stop()
      known.port = { asked, network: 'own', limits: [ownNetwork(asked)] }
    } else if (first.found?.wasAsked === true || first.port.network === 'empty') {
      // What it was asked may be in its state, and it may have missed a service.
      await first.run.stop()
      known.port = { ...known.port, network: first.port.network === 'empty' ? 'own' : first.port.network }
    } else {
      return first.run
    }
    return this.#startKnown(app, mode, count, instrument, known.port)
  }

  async #startFirst(
    app: AppSpec,
    mode: Mode,
    count: number,
    instrument: Instrument | undefined,
  ): Promise<{ run: Run; found: Run['found']; port: KnownPort }> {
    try {
      const run = await this.#startRun(app, mode, count, instrument, fresh, false)
      return { run, found: run.found, port: fresh }
    } catch (error) {
      const taken = takenPort(error)
      if (taken === undefined) throw error
      // Somebody else on this machine has the port that it insists on: a network where nobody is but the app.
      const port: KnownPort = {
        asked: taken.port,
        network: taken.port === undefined ? 'empty' : 'own',
        limits: [],
      }
      const run = await this.#startRun(app, mode, count, instrument, port, false)
      const { found } = run
      return { run, found, port: { ...port, limits: [ownNetwork(found?.asked)] } }
    }
  }

  async #startKnown(
    app: AppSpec,
    mode: Mode,
    count: number,
    instrument: Instrument | undefined,
    port: KnownPort,
  ): Promise<Servers> {
    try {
      return await this.#startRun(app, mode, count, instrument, port, false)
    } catch (error) {
      if (!(error instanceof AppFailure)) throw this.#withoutNetwork(error, port)
      if (port.network === 'shared' && takenPort(error) !== undefined) {
        // Hard-coded among those that are given at random: instances meet on it.
        const own: KnownPort = { asked: port.asked, network: 'own', limits: [ownNetwork(port.asked)] }
        this.#knowledgeOf(app).port = own
        return this.#startKnown(app, mode, count, instrument, own)
      }
      if (count === 1) throw error
      // Migrations and the like of several instances may have met in a database.
      return this.#startRun(app, mode, count, instrument, port, true)
    }
  }

  #withoutNetwork(error: unknown, { network, asked }: KnownPort): Error {
    const why = error instanceof Error ? error.message : String(error)
    if (network === 'shared') return error instanceof Error ? error : new Error(why)
    return new AppFailure(
      `The app listens on port ${asked} whatever PORT says, and each instance cannot get a network of its own here: ${why}`,
    )
  }

  async #startRun(
    app: AppSpec,
    mode: Mode,
    count: number,
    instrument: Instrument | undefined,
    port: KnownPort,
    inTurn: boolean,
  ): Promise<Run> {
    const disks = await this.#disksOf(app)
    await this.#runUserCommands(app, disks)
    const run = await Run.start({
      app,
      mode,
      count,
      instrument,
      disks,
      groups: this.#groups,
      ports: this.#ports,
      sharedFolder: this.#sharedFolder,
      portModule: this.#portModule,
      network: port.network,
      remembered: port.asked,
      inTurn,
      limits: port.limits,
    })
    this.#runs.add(run)
    return run
  }

  async #runUserCommands(app: AppSpec, disks: Disks): Promise<void> {
    const known = this.#knowledgeOf(app)
    const run = async (name: string, command: string | undefined) => {
      if (command === undefined) return
      known.commandPlace ??= disks.prepared().then((disk) => disk.enter(0, 'shared'))
      await runShellCommand({ name, command, app, place: await known.commandPlace, groups: this.#groups })
    }
    known.before ??= run('before', app.before)
    await known.before
    await run('reset', app.reset)
  }

  #disksOf(app: AppSpec): Promise<Disks> {
    const known = this.#knowledgeOf(app)
    known.disks ??= this.#openDisks(app)
    return known.disks
  }

  async #openDisks(app: AppSpec): Promise<Disks> {
    const cwd = await realpath(app.cwd)
    if (this.#preferred === 'copy')
      return openCopyDisks({ cwd, folder: this.#folder, reason: 'as asked for' })
    try {
      return await openOverlayDisks({ cwd, folder: this.#folder, sharedFolder: this.#sharedFolder })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return openCopyDisks({ cwd, folder: this.#folder, reason })
    }
  }

  #knowledgeOf(app: AppSpec): Knowledge {
    const known = this.#knowledge.get(app) ?? {
      disks: undefined,
      commandPlace: undefined,
      before: undefined,
      port: undefined,
    }
    this.#knowledge.set(app, known)
    return known
  }
}

function ownNetwork(asked: number | undefined): string {
  return `The app listens on port ${asked} whatever PORT says: each instance had a network of its own, from which it reached services on this machine's loopback, and nothing else.`
}
