// A fleet whose versions tell their names, people who ask it all the time, and whoever deploys.
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { ControlClient } from '../../src/control/client.ts'
import type { DeployEnded, DeployEvent, DeployRequest } from '../../src/control/deploying.ts'
import { until } from '../support/until.ts'
import { startFleet, type FleetUnderTest } from '../support/fleet.ts'

export interface DeployableFleet {
  readonly fleet: FleetUnderTest
  readonly client: ControlClient
  /** The events of all deploys, in short: `b 4 ready`, `1 of 3`. */
  readonly told: string[]
  deploy(request: DeployRequest): Promise<DeployEnded>
  /** The versions of the instances that are ready. */
  running(): Promise<readonly string[]>
}

/** Started again on the same `folder`, it is the same fleet. */
export async function startDeployable(folder?: string): Promise<DeployableFleet> {
  const args = ['--config', 'test/fleet/fixtures/deploy.config.ts']
  const fleet = await startFleet({ args, ...(folder !== undefined && { folder }) })
  const client = new ControlClient({
    stateDir: fleet.folder,
    currentDir: process.cwd(),
    shownAs: fleet.folder,
  })
  const told: string[] = []
  const deploy = (asked: DeployRequest) => {
    told.length = 0
    return client.deploy(asked, (event) => told.push(short(event)))
  }
  const running = async () => {
    const { instances } = await client.status()
    return instances.filter(({ state }) => state === 'ready').map(({ version }) => version)
  }
  return { fleet, client, told, deploy, running }
}

export function short(event: DeployEvent): string {
  switch (event.kind) {
    case 'begun':
      return `${event.version} for ${event.replaces}`
    case 'instance':
      return `${event.version} ${event.step}`
    case 'progress':
      return `${event.exchanged} of ${event.of}`
    case 'canary':
      return `${event.instances} canaries`
    case 'ended':
      return event.outcome
  }
}

/** Between the answer and the next request: instances that start need the processor as well. */
const pauseMs = 10

/** People who ask again and again: every other request is a POST. */
export class Crowd {
  readonly #url: string
  readonly #agent: Agent
  readonly #over: Promise<unknown>
  #isOver = false
  /** How many answers each version gave. */
  #answers = new Map<string, number>()
  #failures: string[] = []
  readonly #people: number
  /** The version that answered each of them last. */
  readonly #last = new Map<number, string>()

  constructor(url: string, people = 4) {
    this.#url = url
    this.#people = people
    this.#agent = new Agent({ keepAlive: true, maxSockets: people })
    this.#over = Promise.all(Array.from({ length: people }, (_, person) => this.#askAgainAndAgain(person)))
  }

  /** What came since the last time. */
  take(): { readonly answers: ReadonlyMap<string, number>; readonly failures: readonly string[] } {
    const taken = { answers: this.#answers, failures: this.#failures }
    this.#answers = new Map()
    this.#failures = []
    return taken
  }

  /** The versions that answered since the last `take`. */
  get versions(): readonly string[] {
    return [...this.#answers.keys()].toSorted()
  }

  /** Everybody is answered by this version alone. */
  async untilOnly(version: string): Promise<void> {
    // Whoever still waits for an instance that drains has no answer yet.
    this.#last.clear()
    await until(`version ${version} answers alone`, () => {
      const last = [...this.#last.values()]
      return last.length === this.#people && last.every((one) => one === version)
    })
    this.take()
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#over
    this.#agent.destroy()
  }

  async #askAgainAndAgain(person: number): Promise<void> {
    for (let count = 0; !this.#isOver; count += 1) {
      await this.#ask(person, count % 2 === 0 ? 'GET' : 'POST')
      await pause(pauseMs)
    }
  }

  async #ask(person: number, method: string): Promise<void> {
    try {
      const { status, body } = await this.#answer(method)
      if (status === 200) {
        this.#answers.set(body, (this.#answers.get(body) ?? 0) + 1)
        this.#last.set(person, body)
      } else this.#failures.push(`${method} ${status} ${body}`)
    } catch (error) {
      this.#failures.push(`${method} ${String(error)}`)
    }
  }

  #answer(method: string): Promise<{ readonly status: number; readonly body: string }> {
    return new Promise((resolve, reject) => {
      const asked = request(this.#url, { method, agent: this.#agent }, (response) => {
        const status = response.statusCode ?? 0
        text(response).then((body) => {
          resolve({ status, body })
        }, reject)
      })
      asked.once('error', reject)
      asked.end(method === 'POST' ? 'a body' : undefined)
    })
  }
}
