// Looks now and then whether the state folder is still there, and has it made anew where somebody has removed it: without it no command
// would find the fleet, and the next `drover up` would know nothing of this one.
import type { FolderState } from '../supervisor/state-folder.ts'
import type { Cancel, Scheduler } from '../supervisor/scheduler.ts'
import type { Announcement } from './announcement.ts'

/** From one look to the next. */
const lookIntervalMs = 2_000

export interface FolderWatchPorts {
  readonly scheduler: Scheduler
  /** As it is shown to people. */
  readonly path: string
  /** Has the folder there, with all that is written on a change. Throws where that cannot be done. */
  readonly keepFolder: () => FolderState
  /** Has the control socket there, in a folder that is this run's. Rejects where that cannot be done. */
  readonly keepSocket: () => Promise<void>
  readonly announce: (announcement: Announcement) => void
}

export class FolderWatch {
  readonly #ports: FolderWatchPorts
  #cancelLook: Cancel | undefined
  #isClosed = false
  #looking: Promise<void> = Promise.resolve()
  /** What was told last of what is wrong. */
  #trouble: string | undefined

  constructor(ports: FolderWatchPorts) {
    this.#ports = ports
  }

  /** Does nothing once it was closed. */
  start(): void {
    if (this.#isClosed) return
    this.#cancelLook = this.#ports.scheduler.after(lookIntervalMs, () => {
      this.#looking = this.#lookAndGoOn()
    })
  }

  async #lookAndGoOn(): Promise<void> {
    await this.#look()
    this.start()
  }

  /** Resolves when nothing is done there any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelLook?.()
    await this.#looking
  }

  async #look(): Promise<void> {
    try {
      const state = this.#ports.keepFolder()
      if (state === 'lost') {
        this.#complain(
          `${this.#folder()} is another fleet's by now: commands reach that one, a signal stops this one`,
        )
        return
      }
      await this.#ports.keepSocket()
      if (state === 'regained') this.#tell(`${this.#folder()} was removed, and is there again`)
      this.#trouble = undefined
    } catch (error) {
      this.#complain(error instanceof Error ? error.message : String(error))
    }
  }

  #folder(): string {
    return `the state folder ${JSON.stringify(this.#ports.path)}`
  }

  #complain(trouble: string): void {
    if (trouble !== this.#trouble) this.#tell(trouble)
    this.#trouble = trouble
  }

  #tell(text: string): void {
    this.#ports.announce({ tone: 'bad', text })
  }
}
