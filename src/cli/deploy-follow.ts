// Follows a deploy to its end. Ctrl-C asks the fleet to give it up and waits for that; once more leaves at once.
import { setTimeout as pause } from 'node:timers/promises'
import { DroverError, isDroverError } from '../base/errors.ts'
import type { ControlClient } from '../control/client.ts'
import type { DeployEnded, DeployEvent } from '../control/deploying.ts'
import { decideInterrupt } from '../runtime/interrupt.ts'

/** A process that was killed lets go of its socket a moment after its connections. */
const lookAgainMs = 50
const looks = 20

export interface DeployPorts {
  readonly client: Pick<ControlClient, 'abortDeploy' | 'isRunning'>
  readonly start: (onEvent: (event: DeployEvent) => void) => Promise<DeployEnded>
  /** Told of every event but the end. */
  readonly show: (event: Exclude<DeployEvent, DeployEnded>) => void
  /** A word to the person who waits. */
  readonly say: (line: string) => void
  /** Calls back at each signal; what it returns ends that. */
  readonly onSignal: (listener: (signal: 'SIGINT' | 'SIGTERM') => void) => () => void
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/**
 * How the deploy ended. Rejects DEPLOY_FAILED when whoever followed it leaves before, FLEET_NOT_RUNNING when the fleet
 * ended meanwhile, and otherwise as `start` does.
 */
export async function followDeploy(ports: DeployPorts): Promise<DeployEnded> {
  const following = new Following(ports)
  const stopListening = ports.onSignal((signal) => {
    following.interrupt(signal)
  })
  try {
    return await Promise.race([following.run(), following.left])
  } finally {
    stopListening()
  }
}

class Following {
  readonly #ports: DeployPorts
  readonly #left = Promise.withResolvers<never>()
  /** As the fleet has named it when the deploy began. */
  #version: string | undefined
  #interruptedAtMs: number | undefined

  constructor(ports: DeployPorts) {
    this.#ports = ports
  }

  get left(): Promise<never> {
    return this.#left.promise
  }

  async run(): Promise<DeployEnded> {
    try {
      return await this.#ports.start((event) => {
        this.#handle(event)
      })
    } catch (error) {
      throw await this.#explained(error)
    }
  }

  interrupt(signal: 'SIGINT' | 'SIGTERM'): void {
    const nowMs = this.#ports.now()
    const decision = signal === 'SIGTERM' ? 'abort' : decideInterrupt(this.#interruptedAtMs, nowMs)
    const isFirst = this.#interruptedAtMs === undefined
    if (decision === 'abort') this.#left.reject(this.#leaving(!isFirst))
    if (decision !== 'stop') return
    this.#interruptedAtMs = nowMs
    this.#ports.say('Ctrl-C: the fleet is asked to give the deploy up. Once more leaves at once')
    this.#giveUp()
  }

  #handle(event: DeployEvent): void {
    if (event.kind === 'ended') return
    if (event.kind === 'begun') {
      this.#version = event.version
      // What was asked before there was anything to give up came too early.
      if (this.#interruptedAtMs !== undefined) this.#giveUp()
    }
    this.#ports.show(event)
  }

  #giveUp(): void {
    this.#ports.client.abortDeploy().catch((error: unknown) => {
      this.#ports.say(`Cannot give the deploy up: ${error instanceof Error ? error.message : String(error)}`)
    })
  }

  #leaving(isGivenUp: boolean): DroverError {
    const rest = isGivenUp ? 'the fleet goes on giving it up by itself' : 'the deploy goes on without it'
    return new DroverError('DEPLOY_FAILED', `Cannot say how ${this.#name()} ends: left; ${rest}`)
  }

  /** A connection that broke is one thing; a fleet that is not there any more another. */
  async #explained(error: unknown): Promise<unknown> {
    if (this.#version === undefined || !isDroverError(error, 'CONTROL_FAILED')) return error
    if (await this.#isRunning()) return error
    const message = `Cannot say how ${this.#name()} ends: the fleet has died in the middle of it, and nothing runs there now`
    return new DroverError('FLEET_NOT_RUNNING', message, { cause: error })
  }

  /** Asked until there is a clear answer. */
  async #isRunning(): Promise<boolean> {
    for (let look = 0; look < looks; look += 1) {
      const isRunning = await this.#ports.client.isRunning().catch(() => undefined)
      if (isRunning !== undefined) return isRunning
      await pause(lookAgainMs)
    }
    return true
  }

  #name(): string {
    return this.#version === undefined ? 'the deploy' : `the deploy of ${this.#version}`
  }
}
