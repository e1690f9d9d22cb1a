// One process group of the app, which can be killed and started again in the same place.
import type { Child, Exit } from '../../supervisor/child.ts'
import { spawnChild } from '../../supervisor/child.ts'
import type { Environment } from '../../supervisor/command.ts'
import { LastLines } from '../../supervisor/last-lines.ts'
import { listGroup } from '../../supervisor/process-table.ts'
import type { Groups } from './groups.ts'

export interface InstanceSpec {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Environment
}

export class Instance {
  readonly #spec: InstanceSpec
  readonly #groups: Groups
  readonly #lines = new LastLines()
  #child: Child | undefined
  #exit: Exit | undefined

  constructor(spec: InstanceSpec, groups: Groups) {
    this.#spec = spec
    this.#groups = groups
  }

  async start(): Promise<void> {
    this.#exit = undefined
    const child = await spawnChild({
      ...this.#spec,
      onOutput: (_, line) => {
        this.#lines.add(line)
      },
      onExit: (exit) => {
        if (this.#child === undefined || this.#child === child) this.#exit = exit
      },
    })
    this.#child = child
    await this.#groups.add(child.group)
    child.open()
  }

  get pid(): number | undefined {
    return this.#child?.group.pid
  }

  get lastLines(): readonly string[] {
    return this.#lines.all
  }

  /** How its first process ended; undefined while that runs. */
  get exit(): Exit | undefined {
    return this.#exit
  }

  /** A command such as `node server.js &` ends and leaves the app in its group. */
  async hasEnded(): Promise<boolean> {
    if (this.#exit === undefined || this.#child === undefined) return false
    return (await listGroup(this.#child.group.pid)).every(({ isZombie }) => isZombie)
  }

  /** Resolves once nothing of it is left and all it wrote is in `lastLines`. */
  async end(graceMs: number): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    await this.#groups.end(child.group, graceMs)
    child.closeOutput()
    await child.outputEnded
  }

  /** Resolves when the first process has ended, and its last words are in `lastLines`. */
  async ended(): Promise<void> {
    await this.#child?.outputEnded
  }
}

/** In words, such as 'exit code 1' or 'SIGKILL'. */
export function describeExit({ code, signal }: Exit): string {
  return signal ?? `exit code ${code}`
}
