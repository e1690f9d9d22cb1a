// A plain keeper for balancers that run no instances: one on each fixed port, started again at once when it dies, as a service
// manager does with Restart=always. A rolling restart is SIGTERM, wait for the end, start, wait until healthy, one after the other.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../test/support/free-port.ts'
import type { Stage } from '../stage.ts'
import { instanceCount, type Databases } from './fleet.ts'
import { untilHealthy } from './healthy.ts'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))
/** As in examples/shop/drover.config.ts. */
export const shopCommand: readonly string[] = ['--conditions=source', 'examples/shop/server.ts']

/** What an instance may take from SIGTERM to its end. */
const stopTimeoutMs = 10_000
/** An instance that ends by itself has a reason to, which a moment may take away. */
const afterExitMs = 100

export class Keeper {
  readonly #slots: readonly Slot[]

  private constructor(slots: readonly Slot[]) {
    this.#slots = slots
  }

  static async start(stage: Stage, { environment }: Databases): Promise<Keeper> {
    const ports = await Promise.all(Array.from({ length: instanceCount }, freePort))
    const slots = ports.map((port) => new Slot(port, environment))
    stage.onClear(async () => {
      await Promise.all(slots.map((slot) => slot.end()))
    })
    for (const slot of slots) slot.start()
    await Promise.all(slots.map((slot) => untilHealthy(slot.origin, stage.signal)))
    return new Keeper(slots)
  }

  get origins(): readonly string[] {
    return this.#slots.map((slot) => slot.origin)
  }

  instances(): Promise<readonly number[]> {
    return Promise.resolve(this.#slots.flatMap((slot) => slot.pid ?? []))
  }

  async roll(signal: AbortSignal): Promise<void> {
    for (const slot of this.#slots) await slot.replace(signal)
  }
}

/**
 * Fills `folder` with the compiled shop, as every instance of the benchmark then finds it: they start in about half the time,
 * as those of a build would, where otherwise each strips the types of the sources again.
 */
export async function compileShop(stage: Stage, environment: Databases['environment']): Promise<void> {
  const slot = new Slot(await freePort(), environment)
  stage.onClear(() => slot.end())
  slot.start()
  await untilHealthy(slot.origin, stage.signal)
  // Node writes the cache when it ends by itself.
  await slot.stop(stage.signal)
}

class Slot {
  readonly origin: string
  readonly #environment: NodeJS.ProcessEnv
  #child: ChildProcess | undefined
  #isKept = false

  constructor(port: number, environment: Databases['environment']) {
    this.origin = `http://127.0.0.1:${port}`
    this.#environment = { ...process.env, ...environment, PORT: String(port) }
  }

  /** Undefined while none runs. */
  get pid(): number | undefined {
    const child = this.#child
    return child?.exitCode === null && child.signalCode === null ? child.pid : undefined
  }

  start(): void {
    this.#isKept = true
    const child = spawn(process.execPath, shopCommand, {
      cwd: root,
      env: this.#environment,
      detached: true,
      stdio: 'ignore',
    })
    this.#child = child
    child.once('exit', (code) => {
      if (code === null) this.#startAgain()
      else setTimeout(() => this.#startAgain(), afterExitMs)
    })
  }

  async replace(signal: AbortSignal): Promise<void> {
    await this.stop(signal)
    signal.throwIfAborted()
    this.start()
    await untilHealthy(this.origin, signal)
  }

  async end(): Promise<void> {
    this.#isKept = false
    const child = this.#child
    if (child === undefined || this.pid === undefined) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Lets it finish, and does not start it again. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#isKept = false
    const child = this.#child
    if (child === undefined || this.pid === undefined) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const isLate = pause(stopTimeoutMs, true, { signal, ref: false }).catch(() => true)
    if ((await Promise.race([ended, isLate])) === true) child.kill('SIGKILL')
    await ended
  }
  #startAgain(): void {
    if (this.#isKept) this.start()
  }
}
