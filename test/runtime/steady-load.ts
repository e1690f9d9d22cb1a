// Clients that ask one request after the other, and an account of what became of each.
import { Agent } from 'node:http'
import { until } from '../support/until.ts'
import { ask } from './kept-balancers.ts'

export interface LoadOptions {
  /** Clients that open a connection for each request, and clients that keep theirs. */
  readonly fresh?: number
  readonly keptAlive?: number
  /** How many balancers have died so far. */
  readonly deaths?: () => number
}

export interface LoadOutcome {
  readonly outcomes: Readonly<Record<string, number>>
  readonly refused: number
  /** Failures while no balancer was dying. */
  readonly unexplained: number
}

export interface SteadyLoad {
  /** Waits until `count` more requests are answered. */
  answers(count: number): Promise<void>
  /** Call it right before a balancer is killed. */
  expectDeath(): void
  stop(): Promise<LoadOutcome>
}

export function startLoad(
  port: number,
  { fresh = 0, keptAlive = 0, deaths = () => 0 }: LoadOptions,
): SteadyLoad {
  const outcomes = new Map<string, number>()
  const over = new AbortController()
  let expected = 0
  let unexplained = 0
  const agents = Array.from({ length: keptAlive }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
  const client = async (agent: Agent | false) => {
    while (!over.signal.aborted) {
      const deathsBefore = deaths()
      const outcome = await ask(port, agent)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      // In flight on a balancer that was killed: a kill came whose death this request had not outlived when it began.
      if (outcome !== 'answered' && expected <= deathsBefore) unexplained++
    }
  }
  const clients = [...Array.from({ length: fresh }, () => false as const), ...agents].map(client)
  const answered = () => outcomes.get('answered') ?? 0
  return {
    answers: async (count) => {
      const enough = answered() + count
      await until(`${enough} requests are answered`, () => answered() >= enough)
    },
    expectDeath: () => {
      expected++
    },
    stop: async () => {
      over.abort()
      await Promise.all(clients)
      for (const agent of agents) agent.destroy()
      return {
        outcomes: Object.fromEntries(outcomes),
        refused: outcomes.get('ECONNREFUSED') ?? 0,
        unexplained,
      }
    },
  }
}
