// A balancer by its real decisions (choice, rule R1), on what the supervisor told it a moment ago.
import { choose } from '../../../../src/balancer/choosing/choice.ts'
import { decideAttemptEnd, type Progress } from '../../../../src/balancer/exchange/retry.ts'
import type { VirtualTime } from '../../../support/virtual-time.ts'
import { serve, type AppPorts } from './app.ts'
import type { VirtualProcess } from './process.ts'
import { methods, type Answer, type VirtualRequest } from './requests.ts'

interface Entry {
  readonly process: VirtualProcess
  readonly weight: number
  isDraining: boolean
  inFlight: number
}

interface Exchange {
  readonly request: VirtualRequest
  readonly tried: Set<VirtualProcess>
  attempts: number
  isOver: boolean
  readonly onAnswer: (answer: Answer) => void
}

export interface Listed {
  readonly process: VirtualProcess
  readonly isDraining: boolean
}

const maxAttempts = 3
const connectTimeoutMs = 300
const responseTimeoutMs = 2_000
const parkTimeoutMs = 4_000
const retryWaitMs = 500
const holdMs = 50

export class VirtualBalancer {
  readonly #time: VirtualTime
  readonly #app: AppPorts
  readonly #random: () => number
  #list: readonly Entry[] = []
  /** Entries that are gone from the list and still have something under way. */
  readonly #entries = new Set<Entry>()
  /** Exchanges that wait for another instance, or for word of a death. */
  #waiting: (() => void)[] = []
  #released: (() => boolean)[] = []

  constructor(time: VirtualTime, random: () => number, app: AppPorts) {
    this.#time = time
    this.#random = random
    this.#app = app
  }

  /** The supervisor's word: what is not listed is dead, or about to be. */
  follow(list: readonly Listed[]): void {
    this.#list = list.map(({ process, isDraining }) => {
      const known = [...this.#entries].find((entry) => entry.process === process)
      const entry = known ?? { process, weight: 1, isDraining, inFlight: 0 }
      entry.isDraining = isDraining
      this.#entries.add(entry)
      return entry
    })
    for (const entry of this.#entries) this.#forget(entry)
    this.#wake()
    this.#release()
  }

  /** Calls back once it gives the process nothing more and has finished what it had there. */
  drained(process: VirtualProcess, done: () => void): void {
    this.#released.push(() => {
      const entry = [...this.#entries].find((one) => one.process === process)
      if (entry !== undefined && (entry.inFlight > 0 || (this.#list.includes(entry) && !entry.isDraining)))
        return false
      this.#time.after(1, done)
      return true
    })
    this.#release()
  }

  ask(request: VirtualRequest, onAnswer: (answer: Answer) => void): void {
    this.#attempt({ request, tried: new Set(), attempts: 0, isOver: false, onAnswer })
  }

  isConfirmedDead(process: VirtualProcess): boolean {
    return !this.#list.some((entry) => entry.process === process)
  }

  #attempt(exchange: Exchange): void {
    const candidates = this.#list.filter(
      ({ process, isDraining }) => !isDraining && !exchange.tried.has(process),
    )
    const entry = choose(candidates, this.#random)
    if (entry === undefined) this.#park(exchange)
    else this.#send(exchange, entry)
  }

  #park(exchange: Exchange): void {
    let isWaiting = true
    const cancel = this.#time.after(parkTimeoutMs, () => {
      isWaiting = false
      this.#finish(exchange, { type: 'failed', why: 'parked' })
    })
    this.#waiting.push(() => {
      if (!isWaiting) return
      cancel()
      this.#attempt(exchange)
    })
  }

  #send(exchange: Exchange, entry: Entry): void {
    const { process } = entry
    entry.inFlight += 1
    exchange.tried.add(process)
    let progress: Progress = 'not-sent'
    let isOver = false
    const end = () => {
      if (isOver) return false
      isOver = true
      cancel()
      process.onHangUp.delete(fail)
      entry.inFlight -= 1
      this.#forget(entry)
      this.#release()
      return true
    }
    const fail = () => {
      if (end()) this.#failed(exchange, process, progress, false)
    }
    let cancel = this.#time.after(connectTimeoutMs, fail)
    process.onHangUp.add(fail)
    if (!process.isAlive) {
      fail()
      return
    }
    const deliver = (run: () => void) => {
      process.reach(() => {
        if (!isOver) run()
      })
    }
    deliver(() => {
      cancel()
      cancel = this.#time.after(responseTimeoutMs, fail)
      progress = 'sent'
      exchange.attempts += 1
      serve(
        process,
        exchange.request,
        {
          refuse: () => {
            deliver(() => {
              if (end()) this.#failed(exchange, process, progress, true)
            })
          },
          begin: () => {
            deliver(() => {
              progress = 'responded'
              this.#time.after(holdMs, () => {
                if (!isOver) progress = 'passed'
              })
            })
          },
          end: (answer) => {
            deliver(() => {
              if (end()) this.#finish(exchange, answer)
            })
          },
        },
        this.#app,
      )
    })
  }

  #failed(exchange: Exchange, process: VirtualProcess, progress: Progress, notProcessed: boolean): void {
    const { request, attempts } = exchange
    const verdict = decideAttemptEnd({
      progress,
      notProcessed,
      method: methods[request.kind],
      body: 'replayable',
      keyEnforced: request.key !== undefined,
      confirmed: this.isConfirmedDead(process),
      attempts,
      maxAttempts,
      budget: this.#random() < 0.8 ? 'available' : 'empty',
      clientGone: false,
    })
    if (verdict.type === 'repeat') this.#attempt(exchange)
    else if (verdict.type === 'wait') this.#awaitWord(exchange, process, progress, notProcessed)
    else this.#finish(exchange, { type: 'failed', why: verdict.type })
  }

  /** Until the death is confirmed, or nobody waits any longer. */
  #awaitWord(exchange: Exchange, process: VirtualProcess, progress: Progress, notProcessed: boolean): void {
    const cancel = this.#time.after(retryWaitMs, () => {
      this.#finish(exchange, { type: 'failed', why: 'budget' })
    })
    const look = () => {
      if (exchange.isOver) return
      if (!this.isConfirmedDead(process)) this.#waiting.push(look)
      else {
        cancel()
        this.#failed(exchange, process, progress, notProcessed)
      }
    }
    this.#waiting.push(look)
  }

  #finish(exchange: Exchange, answer: Answer): void {
    if (exchange.isOver) throw new Error(`request ${exchange.request.id} is answered twice`)
    exchange.isOver = true
    exchange.onAnswer(answer)
  }

  #forget(entry: Entry): void {
    if (entry.inFlight === 0 && !this.#list.includes(entry)) this.#entries.delete(entry)
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const run of waiting) run()
  }

  #release(): void {
    this.#released = this.#released.filter((release) => !release())
  }
}
