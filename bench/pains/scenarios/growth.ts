// A session grows by 1 KB with each request, to 20 KB.
import { tryEverybody, type Observation, type Scenario, type Scene } from '../scenario.ts'
import { Visitor } from '../visitor.ts'

export const growth: Scenario = {
  pain: '9 the cookie grows with the session until servers and browsers refuse it',
  exempts: tryEverybody,
  observe,
}

const steps = 20

async function observe({ a }: Scene): Promise<Observation> {
  const anyClient = await grow(a, new Visitor())
  const browser = await grow(a, new Visitor(new Map(), { ignoresLongCookies: true }))
  const suffers = anyClient.kept < steps || browser.kept < steps
  return {
    suffers,
    seen: suffers
      ? `${anyClient.refusal} at ${anyClient.kept + 1} KB; in a browser, ${browser.refusal} at ${browser.kept + 1} KB`
      : `${steps} of ${steps} KB kept`,
  }
}

interface Growth {
  /** In KB. */
  readonly kept: number
  /** What the step after that got. */
  readonly refusal: string
}

async function grow(origin: string, visitor: Visitor): Promise<Growth> {
  for (let step = 1; step <= steps; step++) {
    const { status } = await visitor.ask(`${origin}/note/1000`)
    if (status !== 200) return { kept: step - 1, refusal: String(status) }
    const read = await visitor.ask(`${origin}/read`)
    if (read.status !== 200) return { kept: step - 1, refusal: String(read.status) }
    const { notes } = await visitor.read(origin)
    if (notes !== step) return { kept: step - 1, refusal: '200 with nothing kept' }
  }
  return { kept: steps, refusal: 'nothing' }
}
