// An app that wants Secure cookies, behind a proxy that ends TLS and speaks plain HTTP with X-Forwarded-Proto to it.
import { tryEverybody, type Observation, type Scenario, type Scene } from '../scenario.ts'
import { Visitor } from '../visitor.ts'

export const proxy: Scenario = {
  pain: '12 behind a TLS-terminating proxy the Secure cookie is silently left out',
  exempts: tryEverybody,
  observe,
}

const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' }

async function observe({ startServer, subject, url }: Scene): Promise<Observation> {
  const origin = await startServer({ store: url, secure: true })
  const visitor = new Visitor()
  const { status, headers } = await visitor.ask(`${origin}/login/ada`, forwarded)
  const lines = headers['set-cookie'] ?? []
  if (status !== 200) throw new Error(`Cannot sign in with ${subject.name}: it answered ${status}`)
  const isSecure = lines.length > 0 && lines.every((line) => /;\s*secure\b/i.test(line))
  return {
    suffers: !isSecure,
    seen: `the login answered 200 with ${lines.length === 0 ? 'no cookie' : isSecure ? 'a Secure cookie' : 'a cookie that is not Secure'}`,
  }
}
