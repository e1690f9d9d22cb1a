// What a contender is: something that runs the shop three times behind one port, and can be told to roll.
import type { Stage } from '../stage.ts'

/** As many as `drover up` runs in the demo. */
export const instanceCount = 3

/** Where one run keeps its sessions and orders; every contender's instances get the same. */
export interface Databases {
  /** The file with the orders. */
  readonly ordersPath: string
  /** What the shop is told of both. */
  readonly environment: Readonly<Record<string, string>>
}

export interface ShopFleet {
  readonly origin: string
  /** The pids of the instances that run now, ready or not, in a stable order. */
  instances(): Promise<readonly number[]>
  /** Replaces every instance as this contender's users do it on a deploy; rejects when that did not work. */
  roll(signal: AbortSignal): Promise<void>
}

export interface Contender {
  /** As `--only` takes it. */
  readonly key: string
  readonly name: string
  /** False where the machine does not have it, and it could not be installed. */
  isInstalled(): boolean
  /** Resolves when all instances serve; everything it starts ends with the stage. */
  start(stage: Stage, databases: Databases): Promise<ShopFleet>
}
