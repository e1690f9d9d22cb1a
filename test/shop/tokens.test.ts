// The shop's tokens: given out by one server, taken, refreshed and ended by another.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../support/until.ts'
import { filesIn, shopServers } from './shop-servers.ts'
import { signedIn } from './shop-suite.ts'
import { Visitor, type Answer } from './visitor.ts'

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

const ann = { user: 'ann', password: 'ann' }
const { url } = shopServers({ program: 'examples/shop/server.ts', count: 2, env: filesIn })

/** An app: it keeps no cookies. */
function ask(address: string, token: string, method = 'GET'): Promise<Answer> {
  return new Visitor().send(address, { method, headers: { authorization: `Bearer ${token}` } })
}

function tokensOf({ status, headers, body }: Answer): Tokens {
  assert.equal(status, 200)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.deepEqual(headers.getSetCookie(), [])
  return body as Tokens
}

function refused({ status, headers, body }: Answer, code: string, challenge: string): void {
  assert.deepEqual([status, headers.get('www-authenticate')], [401, challenge])
  assert.equal((body as { error: { code: string } }).error.code, code)
}

const invalid = 'Bearer error="invalid_token"'

test('the shop: a token of one server is taken and refreshed by another, and once revoked by one refused by both', async () => {
  const first = tokensOf(await new Visitor().post(`${url(0)}/api/token`, ann))
  assert.deepEqual((await ask(`${url(1)}/api/me`, first.access_token)).body, { user: 'ann' })

  const refresh = (index: number) => {
    return new Visitor().post(`${url(index)}/api/token/refresh`, { refresh_token: first.refresh_token })
  }
  const second = tokensOf(await refresh(1))
  assert.notEqual(second.refresh_token, first.refresh_token)
  // An answer that got lost is asked for again, wherever.
  assert.equal(tokensOf(await refresh(0)).refresh_token, second.refresh_token)
  assert.equal((await ask(`${url(0)}/api/me`, second.access_token)).status, 200)

  assert.equal((await ask(`${url(0)}/api/token/revoke`, second.access_token, 'POST')).status, 204)
  refused(await ask(`${url(0)}/api/me`, second.access_token), 'TOKEN_REVOKED', invalid)
  await until('the other server knows it', async () => {
    return (await ask(`${url(1)}/api/me`, second.access_token)).status === 401
  })
  refused(await ask(`${url(1)}/api/orders`, first.access_token), 'TOKEN_REVOKED', invalid)
  refused(await refresh(1), 'TOKEN_REVOKED', invalid)
})

test('the shop: an app sees the orders that a browser placed, and a token that is none beats a session', async () => {
  const browser = await signedIn(url(0))
  await browser.post(`${url(0)}/api/cart`, { sku: 'mug', quantity: 1 })
  const { id } = (await browser.post(`${url(0)}/api/checkout`)).body as { id: string }
  const { access_token: token } = tokensOf(await new Visitor().post(`${url(1)}/api/token`, ann))
  const { orders } = (await ask(`${url(0)}/api/orders`, token)).body as { orders: { id: string }[] }
  assert.deepEqual(
    orders.map((order) => order.id),
    [id],
  )
  const headers = { authorization: 'Bearer none' }
  refused(await browser.send(`${url(0)}/api/me`, { headers }), 'TOKEN_INVALID', invalid)
  assert.equal((await browser.get(`${url(0)}/api/me`)).status, 200)
})

test('the shop: without a token, or with what is none, the answer says what is wanted', async () => {
  const stranger = new Visitor()
  refused(await stranger.get(`${url(0)}/api/me`), 'not_signed_in', 'Bearer')
  refused(await stranger.post(`${url(0)}/api/token/revoke`), 'TOKEN_MISSING', 'Bearer')
  refused(
    await stranger.post(`${url(0)}/api/token`, { ...ann, password: 'bob' }),
    'wrong_credentials',
    'Bearer',
  )
  refused(
    await stranger.post(`${url(0)}/api/token/refresh`, { refresh_token: 'x' }),
    'TOKEN_INVALID',
    invalid,
  )
  assert.equal((await stranger.post(`${url(0)}/api/token/refresh`, {})).status, 422)
})
