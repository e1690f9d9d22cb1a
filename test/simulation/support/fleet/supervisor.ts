// The supervisor by its real decisions (plan, lifecycle, restarts), over instances that are only imagined. Each step that it takes
// is held against what the fleet promises.
import type { InstanceState } from '../../../../src/supervisor/fleet-options.ts'
import { nextState } from '../../../../src/supervisor/instance-lifecycle.ts'
import {
  planSteps,
  type InstanceRole,
  type PlannedInstance,
  type Step,
} from '../../../../src/supervisor/plan.ts'
import { decideRestart, hastenRestart } from '../../../../src/supervisor/restart-policy.ts'
import type { Cancel } from '../../../../src/supervisor/scheduler.ts'
import { wishOf, type Target } from '../../../../src/supervisor/target.ts'
import type { Version } from '../../../../src/supervisor/version.ts'
import type { VirtualTime } from '../../../support/virtual-time.ts'
import { VirtualProcess } from './process.ts'

export interface VirtualInstance {
  readonly id: string
  readonly version: Version
  state: InstanceState
  role: InstanceRole
  isRetiring: boolean
  epoch: number
  earlyDeaths: number
  startedAtMs: number | undefined
  readyAtMs: number | undefined
  dueAtMs: number | undefined
  cancelTimer: Cancel
  process: VirtualProcess | undefined
}

export interface SupervisorPorts {
  readonly random: () => number
  /** After every change. */
  readonly onChange: () => void
  readonly drained: (process: VirtualProcess, done: () => void) => void
  /** A start of this version dies before it is ready. */
  readonly isBroken: (version: number) => boolean
}

const drainTimeoutMs = 600
const readyTimeoutMs = 2_000
const startMs = 300
const graceMs = 2_000

export class VirtualSupervisor {
  readonly #time: VirtualTime
  readonly #ports: SupervisorPorts
  readonly #instances = new Map<string, VirtualInstance>()
  readonly #epochs = new Map<string, number>()
  #target: Target
  #isPlanning = false

  constructor(target: Target, time: VirtualTime, ports: SupervisorPorts) {
    this.#target = target
    this.#time = time
    this.#ports = ports
  }

  get target(): Target {
    return this.#target
  }

  get instances(): readonly VirtualInstance[] {
    return [...this.#instances.values()]
  }

  aim(target: Target): void {
    this.#target = target
    this.#pursueWish()
  }

  retire(instance: VirtualInstance): void {
    if (instance.state !== 'ready') return
    instance.isRetiring = true
    this.#changed()
  }

  /** Kills the process, as the world does, or we when it hangs. */
  kill(process: VirtualProcess): void {
    if (!process.isAlive) return
    process.die()
    const instance = this.instances.find((one) => one.process === process)
    if (instance !== undefined && instance.state !== 'stopping') this.#died(instance)
  }

  #pursueWish(): void {
    if (this.#isPlanning) return
    this.#isPlanning = true
    for (let round = 0; ; round++) {
      const steps = planSteps(wishOf(this.#target), this.instances.map(planned))
      if (steps.length === 0) break
      if (round > 100) throw new Error(`the plan never ends: ${JSON.stringify(steps)}`)
      const before = this.#readyServers()
      for (const step of steps) this.#take(step)
      this.#requirePromise(before, steps)
    }
    this.#isPlanning = false
  }

  #readyServers(): readonly VirtualInstance[] {
    return this.instances.filter(({ state, role }) => state === 'ready' && role === 'server')
  }

  /** Faults take from what is promised; steps do so only with a version that was found bad, and never with the last that serves. */
  #requirePromise(before: readonly VirtualInstance[], steps: readonly Step[]): void {
    const { next } = this.#target
    const { promised } = wishOf(this.#target)
    const bad = next?.isBad === true ? next.version : undefined
    const after = this.#readyServers()
    const isOnlyBad = bad !== undefined && before.every((one) => one.version === bad || after.includes(one))
    if (after.length < Math.min(before.length, isOnlyBad ? 1 : promised))
      throw new Error(
        `${before.length} were ready, ${promised} promised, and steps left ${after.length}: ${JSON.stringify(steps)}`,
      )
  }

  #take(step: Step): void {
    if (step.kind === 'add') {
      this.#add(step.version, step.role)
      return
    }
    const instance = this.#instances.get(step.id)
    if (instance === undefined) throw new Error(`there is no instance ${step.id} to ${step.kind}`)
    if (step.kind === 'assign') instance.role = step.role
    else if (step.kind === 'drain') this.#drain(instance)
    else this.#stop(instance)
    this.#changed()
  }

  #add(version: Version, role: InstanceRole): void {
    let number = 1
    while (this.#instances.has(String(number))) number += 1
    const id = String(number)
    const instance: VirtualInstance = {
      id,
      version,
      state: 'stopped',
      role,
      isRetiring: false,
      epoch: this.#epochs.get(id) ?? 0,
      earlyDeaths: 0,
      startedAtMs: undefined,
      readyAtMs: undefined,
      dueAtMs: undefined,
      cancelTimer: () => undefined,
      process: undefined,
    }
    this.#instances.set(id, instance)
    this.#start(instance)
  }

  #start(instance: VirtualInstance): void {
    instance.epoch += 1
    instance.dueAtMs = undefined
    instance.readyAtMs = undefined
    instance.startedAtMs = this.#time.now()
    const process = new VirtualProcess(
      `${instance.id}#${instance.epoch}`,
      instance.version.number,
      this.#time,
    )
    instance.process = process
    const cancelTimeout = this.#time.after(readyTimeoutMs, () => {
      this.kill(process)
    })
    instance.cancelTimer = cancelTimeout
    process.after(startMs * (0.3 + this.#ports.random()), () => {
      if (instance.process !== process || instance.state !== 'starting') return
      if (this.#ports.isBroken(process.version)) {
        this.kill(process)
        return
      }
      cancelTimeout()
      instance.readyAtMs = this.#time.now()
      this.#move(instance, 'ready')
    })
    this.#move(instance, 'start')
  }

  #died(instance: VirtualInstance): void {
    const nowMs = this.#time.now()
    instance.cancelTimer()
    const readyForMs = instance.readyAtMs === undefined ? undefined : nowMs - instance.readyAtMs
    const decision = decideRestart({ earlyDeaths: instance.earlyDeaths, readyForMs }, this.#ports.random())
    instance.earlyDeaths = decision.earlyDeaths
    instance.isRetiring = false
    instance.process = undefined
    instance.startedAtMs = undefined
    const isMissed = nextState(instance.state, 'died') === 'backoff'
    if (isMissed) this.#planRestart(instance, nowMs + decision.delayMs)
    this.#move(instance, 'died')
    if (!isMissed) this.#remove(instance)
  }

  #planRestart(instance: VirtualInstance, dueAtMs: number): void {
    instance.cancelTimer()
    instance.dueAtMs = dueAtMs
    instance.cancelTimer = this.#time.after(Math.max(0, dueAtMs - this.#time.now()), () => {
      if (instance.state === 'backoff') this.#start(instance)
    })
  }

  #drain(instance: VirtualInstance): void {
    const { process } = instance
    instance.state = nextState(instance.state, 'drain')
    const stop = () => {
      if (instance.process === process && instance.state === 'draining') this.#stop(instance)
    }
    const cancel = this.#time.after(drainTimeoutMs, stop)
    if (process !== undefined)
      this.#ports.drained(process, () => {
        cancel()
        stop()
      })
  }

  /** SIGTERM, and SIGKILL after its grace. */
  #stop(instance: VirtualInstance): void {
    const { process, state } = instance
    instance.cancelTimer()
    instance.dueAtMs = undefined
    this.#move(instance, 'stop')
    if (state === 'backoff' || process === undefined) {
      this.#remove(instance)
      return
    }
    process.leave(this.#ports.random() < 0.5)
    this.#time.after(graceMs * this.#ports.random(), () => {
      process.die()
      this.#move(instance, 'ended')
      this.#remove(instance)
    })
  }

  #remove(instance: VirtualInstance): void {
    this.#epochs.set(instance.id, instance.epoch)
    this.#instances.delete(instance.id)
    this.#changed()
  }

  #move(instance: VirtualInstance, event: Parameters<typeof nextState>[1]): void {
    instance.state = nextState(instance.state, event)
    this.#changed()
  }

  #changed(): void {
    this.#ports.onChange()
    const waiting = this.instances.flatMap(({ id, dueAtMs }) =>
      dueAtMs === undefined ? [] : [{ id, dueAtMs }],
    )
    const hastened = hastenRestart(this.#time.now(), this.#readyServers().length > 0, waiting)
    const instance = hastened && this.#instances.get(hastened.id)
    if (instance !== undefined) this.#planRestart(instance, hastened?.dueAtMs ?? 0)
    this.#pursueWish()
  }
}

function planned({ id, version, state, role, isRetiring, startedAtMs }: VirtualInstance): PlannedInstance {
  return { id, version: version.number, state, role, isRetiring, startedAtMs }
}
