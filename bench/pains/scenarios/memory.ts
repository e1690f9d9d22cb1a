// An app that names no store: what is left in its process of visitors whose sessions have long expired?
import { setTimeout as pause } from 'node:timers/promises'
import { tryEverybody, type Observation, type Scenario, type Scene } from '../scenario.ts'
import { Visitor } from '../visitor.ts'

export const memory: Scenario = {
  pain: '12 without a store, expired sessions stay in memory',
  exempts: tryEverybody,
  observe,
}

const visitors = 1_500
/** Below what a cookie can hold, so that all take part. */
const sessionBytes = 2_000
const lifetimeMs = 1_000
const atOnce = 16

async function observe({ stage, startServer }: Scene): Promise<Observation> {
  const origin = await startServer({ store: undefined, lifetimeMs }, { cwd: await stage.folder() })
  // The first ones also pay for what is loaded and compiled once.
  await visit(origin, visitors / 2)
  const before = await heapBytes(origin)
  await visit(origin, visitors)
  await pause(2 * lifetimeMs)
  const grownBytes = (await heapBytes(origin)) - before
  const weight = visitors * sessionBytes
  return {
    suffers: grownBytes > weight / 2,
    seen: `${megabytes(Math.max(grownBytes, 0))} MB left of ${megabytes(weight)} MB of expired sessions`,
  }
}

async function visit(origin: string, count: number): Promise<void> {
  for (let done = 0; done < count; done += atOnce) {
    const answers = Array.from({ length: atOnce }, () => new Visitor().ask(`${origin}/note/${sessionBytes}`))
    for (const { status } of await Promise.all(answers)) {
      if (status !== 200) throw new Error(`Cannot fill the app with visitors: it answered ${status}`)
    }
  }
}

async function heapBytes(origin: string): Promise<number> {
  const { body } = await new Visitor().ask(`${origin}/heap`)
  const answer: unknown = JSON.parse(body)
  return Number(Object(answer).bytes)
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1)
}
