// examples/tokens: what one server issues the other takes, until a third word ends it everywhere.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TokenBody } from 'drover/tokens'
import { until } from '../support/until.ts'
import { databaseFolder, startExample } from './example-server.ts'

const json = { 'content-type': 'application/json' }

test('a token of one server is good on the other, refreshed there, and refused once it is signed out everywhere', async (t) => {
  const env = { TOKENS_DATABASE: join(await databaseFolder(), 'tokens.db') }
  const command = ['examples/tokens/server.ts'] as const
  // Both start at once, on a database that neither has made yet.
  const [here, there] = await Promise.all([
    startExample(t, { command, env }),
    startExample(t, { command, env }),
  ])

  const post = (url: string, body: object, headers: object = {}) =>
    fetch(url, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) })
  const signedIn = await post(`${here.url}/token`, { user: 'ann' })
  assert.equal(signedIn.status, 200, here.output())
  assert.equal(signedIn.headers.getSetCookie().length, 2)
  const first = (await signedIn.json()) as TokenBody

  const me = (url: string, { access_token }: TokenBody) =>
    fetch(`${url}/me`, { headers: { authorization: `Bearer ${access_token}` } })
  const seen = (await (await me(there.url, first)).json()) as object
  assert.deepEqual(seen, { user: 'ann', role: 'admin', scopes: ['orders:read'] })

  const refreshed = await post(`${there.url}/token/refresh`, { refresh_token: first.refresh_token })
  assert.equal(refreshed.status, 200, there.output())
  const second = (await refreshed.json()) as TokenBody
  const authorization = `Bearer ${second.access_token}`
  assert.equal((await post(`${here.url}/sign-out-everywhere`, {}, { authorization })).status, 204)
  await until('the other server refuses the token', async () => (await me(there.url, second)).status === 401)
  assert.equal(
    (await post(`${there.url}/token/refresh`, { refresh_token: second.refresh_token })).status,
    401,
  )

  const jwks = await fetch(`${there.url}/.well-known/jwks.json`)
  assert.match(jwks.headers.get('cache-control') ?? '', /max-age=300/)
  const { keys } = (await jwks.json()) as { keys: object[] }
  assert.equal(keys.length, 1)
})
