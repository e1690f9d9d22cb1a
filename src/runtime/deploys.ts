// Deploys and rollbacks of a running fleet, one at a time, and the history that outlives it.
import { DroverError } from '../base/errors.ts'
import { defaults, type DeployRules } from '../config/options.ts'
import type { DeployCommands } from '../control/commands.ts'
import type {
  DeployEnded,
  DeployEvent,
  DeployRequest,
  HistoryEntry,
  RollbackRequest,
} from '../control/deploying.ts'
import { findCommandProblem } from '../supervisor/command.ts'
import type { DeployVerdict } from '../supervisor/deploy/state.ts'
import type { InstanceDeath, InstanceView } from '../supervisor/fleet-options.ts'
import type { Scheduler } from '../supervisor/scheduler.ts'
import type { Target } from '../supervisor/target.ts'
import type { Version } from '../supervisor/version.ts'
import { seconds, type Announcement } from './announcement.ts'
import type { InstanceLoad } from './balancer-loads.ts'
import { RunningDeploy, type DeployEnd } from './running-deploy.ts'
import {
  chooseStart,
  digestConfiguration,
  findRollback,
  requireDeployable,
  requireOldCode,
  requireSensible,
  type Recipe,
} from './version-choice.ts'
import { VersionHistory } from './version-history.ts'

/** What Deploys needs. Nothing here may throw, `requireFolder` apart. */
export interface DeploysPorts {
  /** What the fleet is to be now. Its `instances` may change while a deploy goes on; `current` and `next` are changed by deploys alone. */
  readonly target: () => Target
  /** From now on the fleet moves towards it. */
  readonly aim: (target: Target) => void
  readonly instances: () => readonly InstanceView[]
  /** What the balancers counted, by instance. */
  readonly stats: () => ReadonlyMap<string, InstanceLoad>
  /** Looked at again and again, so that a reload holds for the deploy that goes on. */
  readonly rules: () => DeployRules
  /** The label of the code in a folder: config/version.ts `readVersion`. */
  readonly readLabel: (dir: string) => Promise<string>
  /** The last lines that an instance wrote, oldest first: shown when it answers badly and so has not died. */
  readonly linesOf: (id: string) => readonly string[]
  readonly now: () => number
  readonly scheduler: Scheduler
  /** Where the history is kept. */
  readonly stateDir: string
  /** Throws while that folder is not this run's. */
  readonly requireFolder: () => void
  /** What the configuration adds to the environment that `drover up` was given. */
  readonly configuredEnv: Readonly<Record<string, string | undefined>>
  readonly announce: (announcement: Announcement) => void
}

const abortReason = 'it was given up'

/** How a version is to take over. */
type Manner = Pick<DeployRequest, 'surge' | 'canary'>

/** One for a run of `drover up`. */
export class Deploys implements DeployCommands {
  readonly #ports: DeploysPorts
  readonly #history: VersionHistory
  /** The environment that versions have in common. */
  #env: Version['env'] = {}
  #configuration = ''
  #phase: 'unopened' | 'open' | 'stopping' = 'unopened'
  /** A deploy is found out about; `isAborted`: it will not begin. */
  #preparing: { isAborted: boolean } | undefined
  #running: RunningDeploy | undefined

  constructor(ports: DeploysPorts) {
    this.#ports = ports
    this.#history = new VersionHistory(ports.stateDir, {
      log: (line) => {
        this.#announce('bad', line)
      },
      requireFolder: ports.requireFolder,
    })
  }

  /** Reads the history. Called once, as soon as this run has the state folder. */
  read(): void {
    this.#history.read()
  }

  /**
   * Aims at the version that is to run: that of the last deploy, if it was made over this very configuration, else the configured one,
   * which is `target().current` until now. Called once, after `read` and before the first instance starts.
   */
  open(): void {
    const target = this.#ports.target()
    this.#env = target.current.env
    this.#configuration = digestConfiguration(target.current, this.#ports.configuredEnv)
    const interrupted = this.#history.interrupt(this.#ports.now(), 'drover up was killed meanwhile')
    const current = this.#startVersion(target.current)
    for (const { number, label } of interrupted)
      this.#announce(
        'bad',
        `deploy ${number} of version ${label} was interrupted: version ${current.label} runs`,
      )
    this.#phase = 'open'
    this.#ports.aim({ ...target, current })
  }

  /** The state folder was made anew. */
  saveHistory(): void {
    this.#history.save()
  }

  /** The instances have changed. */
  follow(): void {
    this.#running?.look()
  }

  /** An instance died unasked. */
  died(death: InstanceDeath): void {
    this.#running?.died(death)
  }

  /** The fleet begins to stop: a deploy that goes on ends as aborted, and none begins any more. */
  stop(): void {
    this.#phase = 'stopping'
    this.#running?.stop('the fleet was stopped')
  }

  deploy(request: DeployRequest, onEvent: (event: DeployEvent) => void): Promise<DeployEnded> {
    return this.#prepare(
      async () => {
        requireSensible(request)
        return this.#recipeOf(request)
      },
      request,
      onEvent,
    )
  }

  rollback({ number }: RollbackRequest, onEvent: (event: DeployEvent) => void): Promise<DeployEnded> {
    return this.#prepare(
      async () => {
        const wanted = findRollback(this.#history.entries, this.#history.current, number)
        requireOldCode(wanted, this.#history.current, await this.#ports.readLabel(wanted.cwd))
        return wanted
      },
      {},
      onEvent,
    )
  }

  abortDeploy(): { readonly version: string | null } {
    if (this.#preparing !== undefined) this.#preparing.isAborted = true
    this.#running?.abort(abortReason)
    return { version: this.#running?.version.label ?? null }
  }

  history(): readonly HistoryEntry[] {
    const current = this.#history.current?.number
    return this.#history.entries.map(({ number, label, cwd, command, ...rest }) => {
      const { startedAtMs, endedAtMs, outcome, reason } = rest
      const isCurrent = number === current
      return { number, version: label, dir: cwd, command, startedAtMs, endedAtMs, outcome, reason, isCurrent }
    })
  }

  /** What this run of `drover up` begins with. */
  #startVersion(configured: Version): Version {
    const last = this.#history.current
    const choice = chooseStart(last, { ...configured, digest: this.#configuration })
    if (last !== undefined && choice === 'resume') {
      const version = this.#versionOf(last, last.number)
      const problem = findCommandProblem(version.command, version.cwd, version.env)
      if (problem === undefined) {
        this.#announce('calm', `resuming version ${last.label} (deploy ${last.number})`)
        return version
      }
      this.#announce('bad', `Cannot resume version ${last.label} (deploy ${last.number}): ${problem}`)
    }
    if (last !== undefined && choice === 'configured') return { ...configured, number: last.number }
    return this.#recordConfigured(configured)
  }

  #recordConfigured(configured: Version): Version {
    const number = this.#history.nextNumber
    this.#record(number, { ...configured, command: [...configured.command], isLabelRead: false, env: {} })
    this.#history.end(number, { endedAtMs: this.#ports.now(), outcome: 'done', reason: null })
    return { ...configured, number }
  }

  /** One at a time, from the very moment it is asked for. */
  async #prepare(
    findRecipe: () => Promise<Recipe>,
    manner: Manner,
    onEvent: (event: DeployEvent) => void,
  ): Promise<DeployEnded> {
    this.#requireIdle()
    const preparing = { isAborted: false }
    this.#preparing = preparing
    try {
      const recipe = await findRecipe()
      const version = this.#versionOf(recipe, this.#history.nextNumber)
      requireDeployable(version)
      this.#requireOpen()
      this.#running = this.#createDeploy(recipe, version, manner, onEvent)
    } finally {
      this.#preparing = undefined
    }
    const running = this.#running
    running.begin()
    if (preparing.isAborted) running.abort(abortReason)
    return this.#endingOf(running, await running.ended, onEvent)
  }

  #createDeploy(
    recipe: Recipe,
    version: Version,
    { surge = this.#ports.rules().surge, canary }: Manner,
    onEvent: (event: DeployEvent) => void,
  ): RunningDeploy {
    const { number, label } = version
    this.#record(number, recipe)
    this.#announce(
      'calm',
      `deploy ${number}: version ${label} replaces ${this.#ports.target().current.label}`,
    )
    const onOver = (verdict: DeployVerdict) => {
      this.#running = undefined
      const reason = verdict.outcome === 'done' ? null : verdict.reason
      this.#history.end(number, { endedAtMs: this.#ports.now(), outcome: verdict.outcome, reason })
    }
    const order = { version, surge, ...(canary && { canary }) }
    return new RunningDeploy(order, this.#ports, { onEvent, onOver })
  }

  #endingOf(
    { version }: RunningDeploy,
    { outcome, reason, lines, elapsedMs }: DeployEnd,
    onEvent: (event: DeployEvent) => void,
  ): DeployEnded {
    const { number, label } = version
    const running = this.#ports.target().current.label
    const ended = {
      kind: 'ended',
      outcome,
      version: label,
      number,
      running,
      elapsedMs,
      reason,
      lines,
    } as const
    const how = reason === null ? `done in ${seconds(elapsedMs)}` : `${outcome}: ${reason}`
    this.#announce(outcome === 'done' ? 'good' : 'bad', `deploy ${number} ${how}; version ${running} runs`)
    onEvent(ended)
    return ended
  }

  /** What is said of the new version is about the one that runs. */
  async #recipeOf({ dir, command, env, label }: DeployRequest): Promise<Recipe> {
    const current = this.#history.current ?? { ...this.#ports.target().current, env: {} }
    const cwd = dir ?? current.cwd
    const found = label ?? (await this.#ports.readLabel(cwd))
    const isUnnamed = label === undefined && found === defaults.version
    return {
      label: isUnnamed ? String(this.#history.nextNumber) : found,
      isLabelRead: label === undefined,
      command: [...(command ?? current.command)],
      cwd,
      env: { ...current.env, ...env },
    }
  }

  #versionOf({ label, command, cwd, env }: Recipe, number: number): Version {
    return { number, label, command, cwd, env: { ...this.#env, ...env } }
  }

  #record(number: number, { label, isLabelRead, command, cwd, env }: Recipe): void {
    this.#history.add({
      number,
      label,
      isLabelRead,
      command,
      cwd,
      env,
      configuration: this.#configuration,
      startedAtMs: this.#ports.now(),
      endedAtMs: null,
      outcome: 'running',
      reason: null,
    })
  }

  #requireIdle(): void {
    this.#requireOpen()
    if (this.#preparing === undefined && this.#running === undefined) return
    const label = this.#running?.version.label
    const which = label === undefined ? 'another deploy' : `the deploy of version ${label}`
    throw new DroverError('DEPLOY_RUNNING', `Cannot deploy: ${which} goes on`)
  }

  #requireOpen(): void {
    if (this.#phase === 'open') return
    const why = this.#phase === 'unopened' ? 'starting' : 'stopping'
    throw new DroverError('CONTROL_FAILED', `Cannot deploy: the fleet is ${why}`)
  }

  #announce(tone: Announcement['tone'], text: string): void {
    this.#ports.announce({ tone, text })
  }
}
