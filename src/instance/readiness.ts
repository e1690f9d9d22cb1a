// Asks the app's own check whether requests could be answered, within bounds.
import { withDeadline } from '../base/deadline.ts'

/** False, a rejection and silence mean no. */
export type Check = () => unknown

export class Readiness {
  readonly #check: Check | undefined
  readonly #timeoutMs: number
  readonly #warn: (text: string) => void
  /** The check that is under way, also beyond its time: there is never a second one. */
  #asked: Promise<boolean> | undefined
  #failed: string | undefined

  /** `warn` is told once when the check begins to fail, and again when its reason changes. */
  constructor(check: Check | undefined, timeoutMs: number, warn: (text: string) => void) {
    this.#check = check
    this.#timeoutMs = timeoutMs
    this.#warn = warn
  }

  /** Never rejects. */
  async isReady(): Promise<boolean> {
    if (this.#check === undefined) return true
    try {
      this.#asked ??= this.#ask(this.#check)
      const late = () => new Error(`it took longer than ${this.#timeoutMs} ms`)
      const isReady = await withDeadline(this.#asked, this.#timeoutMs, late)
      this.#failed = undefined
      return isReady
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error))
      return false
    }
  }

  #ask(check: Check): Promise<boolean> {
    const asked = isNotRefused(check)
    // Not in a `finally` of its own: a check that throws at once would clear what is set only afterwards.
    const clear = () => {
      this.#asked = undefined
    }
    asked.then(clear, clear)
    return asked
  }

  #tell(reason: string): void {
    if (reason === this.#failed) return
    this.#failed = reason
    this.#warn(`The readiness check failed: ${reason}`)
  }
}

async function isNotRefused(check: Check): Promise<boolean> {
  return (await check()) !== false
}
