// Supervisor, balancer, instances, store and users in one virtual world, and what befalls them, all by one seed.
import { asked, judgeLiveness, unasked } from '../../../../src/supervisor/liveness.ts'
import type { NextVersion, Target } from '../../../../src/supervisor/target.ts'
import type { Version } from '../../../../src/supervisor/version.ts'
import { VirtualTime } from '../../../support/virtual-time.ts'
import { seededRandom } from '../../../../src/base/random.ts'
import { VirtualBalancer } from './balancer.ts'
import type { VirtualProcess } from './process.ts'
import { VirtualStore } from './store.ts'
import { VirtualSupervisor } from './supervisor.ts'
import { VirtualUser } from './users.ts'

const runMs = 5_000
/** After the last fault, all that was going on has ended by then, the longest backoff included. */
const calmMs = 60_000
const faultEveryMs = 400
const hangTimeoutMs = 1_000
const deployStepMs = 400
/** How late the balancer is told, at most. */
const wordMs = 15

export interface Outcome {
  readonly answered: number
  readonly failed: number
  readonly faults: number
}

export class FleetWorld {
  readonly #time = new VirtualTime()
  readonly #random: () => number
  readonly #store = new VirtualStore()
  readonly #processes = new Map<string, VirtualProcess>()
  readonly #broken = new Set<number>()
  readonly #supervisor: VirtualSupervisor
  readonly #balancer: VirtualBalancer
  readonly #users: readonly VirtualUser[]
  #lastWordMs = 0
  #versions = 1
  #faults = 0

  constructor(seed: number) {
    const random = seededRandom(seed)
    this.#random = random
    this.#balancer = new VirtualBalancer(this.#time, random, {
      store: this.#store,
      random,
      isDead: (owner) => this.#isDead(owner),
    })
    const target: Target = {
      instances: 1 + this.#upTo(4),
      spares: this.#upTo(2),
      current: versionOf(1),
    }
    this.#supervisor = new VirtualSupervisor(target, this.#time, {
      random,
      onChange: () => {
        this.#tell()
      },
      drained: (process, done) => {
        this.#balancer.drained(process, done)
      },
      isBroken: (version) => this.#broken.has(version),
    })
    const parts = { balancer: this.#balancer, store: this.#store }
    this.#users = ['ann', 'bob'].map((name) => new VirtualUser(name, this.#time, random, parts))
  }

  /** Throws as soon as a rule is broken. */
  run(): Outcome {
    this.#supervisor.aim(this.#supervisor.target)
    for (const user of this.#users) user.begin(runMs)
    this.#planFault()
    this.#time.pass(runMs)
    this.#broken.clear()
    this.#time.pass(calmMs)
    this.#check()
    this.#requireCalm()
    const sum = (part: 'answered' | 'failed') => this.#users.reduce((total, user) => total + user[part], 0)
    return { answered: sum('answered'), failed: sum('failed'), faults: this.#faults }
  }

  #upTo(most: number): number {
    return Math.floor(this.#random() * (most + 1))
  }

  #isDead(owner: string): boolean {
    const process = this.#processes.get(owner)
    return process !== undefined && this.#balancer.isConfirmedDead(process)
  }

  /** What the supervisor knows reaches the balancer a moment later, and in order. */
  #tell(): void {
    const listed = this.#supervisor.instances.flatMap(({ process, state, role }) => {
      const isListed = (state === 'ready' && role === 'server') || state === 'draining'
      return isListed && process !== undefined ? [{ process, isDraining: state === 'draining' }] : []
    })
    for (const { process } of listed) this.#processes.set(process.name, process)
    const atMs = Math.max(this.#lastWordMs, this.#time.now() + wordMs * this.#random())
    this.#lastWordMs = atMs
    this.#time.after(atMs - this.#time.now(), () => {
      this.#balancer.follow(listed)
    })
  }

  #planFault(): void {
    this.#time.after(2 * faultEveryMs * this.#random(), () => {
      this.#check()
      if (this.#time.now() >= runMs) return
      this.#strike()
      this.#planFault()
    })
  }

  #check(): void {
    for (const user of this.#users) user.check()
  }

  #strike(): void {
    this.#faults += 1
    const nowMs = this.#time.now()
    const process = this.#anyProcess()
    const lengthMs = 3_000 * this.#random()
    const faults: readonly (() => void)[] = [
      () => process && this.#supervisor.kill(process),
      () => process && this.#supervisor.kill(process),
      () => process && this.#hang(process, lengthMs),
      () => process && (process.slowness = 1 + 29 * this.#random()),
      () => process && (process.unreachableUntilMs = nowMs + lengthMs),
      () => process && (process.storelessUntilMs = nowMs + lengthMs),
      () => {
        this.#retire()
      },
      () => {
        this.#supervisor.aim({ ...this.#supervisor.target, instances: 1 + this.#upTo(4) })
      },
      () => {
        this.#deploy()
      },
    ]
    faults[this.#upTo(faults.length - 1)]?.()
  }

  #anyProcess(): VirtualProcess | undefined {
    const processes = this.#supervisor.instances.flatMap(({ process }) => process ?? [])
    return processes[this.#upTo(processes.length - 1)]
  }

  #retire(): void {
    const { instances } = this.#supervisor
    const instance = instances[this.#upTo(instances.length - 1)]
    if (instance !== undefined) this.#supervisor.retire(instance)
  }

  /** It goes on by itself, unless it stands still for so long that it is killed. */
  #hang(process: VirtualProcess, lengthMs: number): void {
    const nowMs = this.#time.now()
    process.hangsUntilMs = nowMs + lengthMs
    const state = asked(unasked, nowMs)
    this.#time.after(hangTimeoutMs, () => {
      const isStill = process.hangsUntilMs > this.#time.now()
      if (isStill && judgeLiveness(state, this.#time.now(), hangTimeoutMs) === 'hung')
        this.#supervisor.kill(process)
    })
  }

  #deploy(): void {
    const { target } = this.#supervisor
    if (target.next !== undefined) return
    const version = versionOf((this.#versions += 1))
    if (this.#random() < 0.2) this.#broken.add(version.number)
    const next: NextVersion = { version, instances: 1, proven: 0, surge: 1 + this.#upTo(1), isBad: false }
    this.#supervisor.aim({ ...target, next })
    this.#planDeployStep(this.#random() < 0.3, 0)
  }

  /** One instance after the other, each once those before it are ready; a bad version is found out at some point, and goes. */
  #planDeployStep(isBad: boolean, step: number): void {
    this.#time.after(deployStepMs, () => {
      const { target } = this.#supervisor
      const { next } = target
      if (next === undefined) return
      const isTooLate = step > 15
      if (next.isBad) {
        if (this.#countOf(next.version, 'all') === 0) this.#supervisor.aim(without(target))
        else this.#planDeployStep(isBad, step + 1)
        return
      }
      const isReady = this.#countOf(next.version, 'ready') >= Math.min(next.instances, target.instances)
      if (isTooLate || (isBad && isReady && this.#random() < 0.5))
        this.#supervisor.aim({ ...target, next: { ...next, isBad: true } })
      else if (isReady && next.instances >= target.instances) {
        this.#supervisor.aim(without({ ...target, current: next.version }))
        return
      } else if (isReady)
        this.#supervisor.aim({
          ...target,
          next: { ...next, instances: next.instances + 1, proven: next.instances },
        })
      this.#planDeployStep(isBad, step + 1)
    })
  }

  #countOf({ number }: Version, which: 'all' | 'ready'): number {
    return this.#supervisor.instances.filter(
      ({ version, state }) => version.number === number && (which === 'all' || state === 'ready'),
    ).length
  }

  /** With no fault for a while, every request has its answer, and the fleet is what it is meant to be. */
  #requireCalm(): void {
    const pending = this.#users.reduce((sum, user) => sum + user.pending, 0)
    if (pending > 0) throw new Error(`${pending} requests have no answer`)
    const { instances, target } = this.#supervisor
    const of = (role: 'server' | 'spare') =>
      instances.filter(
        (one) =>
          one.role === role && one.state === 'ready' && one.version === target.current && !one.isRetiring,
      ).length
    const isAsMeant =
      target.next === undefined &&
      of('server') === target.instances &&
      of('spare') === target.spares &&
      instances.length === target.instances + target.spares
    if (!isAsMeant) {
      const seen = instances.map(
        ({ id, state, role, version, isRetiring }) =>
          `${id} ${state} ${role} v${version.number}${isRetiring ? ' retiring' : ''}`,
      )
      throw new Error(
        `wanted ${target.instances} servers, ${target.spares} spares of v${target.current.number}, not: ${seen.join(', ')}`,
      )
    }
  }
}

function versionOf(number: number): Version {
  return { number, label: String(number), command: ['app'], cwd: '/', env: {} }
}

function without({ next, ...target }: Target): Target {
  void next
  return target
}
