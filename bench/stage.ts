// Everything a run has set up: processes and folders. Taken down in reverse order, however the run ends.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

type TakeDown = () => Promise<void>

export class Stage {
  /** Aborted when the run is to end early; whatever waits on the stage's behalf then rejects. */
  readonly signal: AbortSignal
  readonly #takeDowns: TakeDown[] = []

  constructor(signal: AbortSignal) {
    this.signal = signal
  }

  /** Remembers how to undo what was just set up. */
  onClear(takeDown: TakeDown): void {
    this.#takeDowns.push(takeDown)
  }

  /** A new folder in the system's temporary place, removed with the stage. */
  async folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'drover-bench-'))
    this.onClear(() => rm(path, { recursive: true, force: true }))
    return path
  }

  /** Takes everything down, even where one part of it fails; rejects afterwards with what failed. */
  async clear(): Promise<void> {
    const failures: unknown[] = []
    for (const takeDown of this.#takeDowns.splice(0).toReversed()) {
      try {
        await takeDown()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Cannot clear up after the run')
  }
}
