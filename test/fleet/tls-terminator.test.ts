// Behind a TLS terminator that the balancer was told to trust, cookies are Secure; a client's own word changes nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFleet } from '../support/fleet.ts'

const shop = ['--config', 'examples/shop/drover.config.ts', '--instances', '1']

async function signIn(url: string): Promise<string> {
  const response = await fetch(new URL('/api/login', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-proto': 'https' },
    body: JSON.stringify({ user: 'ann', password: 'ann' }),
  })
  assert.equal(response.status, 200, await response.text())
  return response.headers.getSetCookie().join('\n')
}

test('--trust-forwarded: what came in over https gets a __Host- cookie', async (t) => {
  const fleet = await startFleet({ args: [...shop, '--trust-forwarded'], shop: true })
  t.after(() => fleet.dispose())
  assert.match(
    await signIn(fleet.url),
    /^__Host-sid=[\w-]{16}\.[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/i,
  )
})

test('without it a client that says https is not believed', async (t) => {
  const fleet = await startFleet({ args: shop, shop: true })
  t.after(() => fleet.dispose())
  const cookie = await signIn(fleet.url)
  assert.match(cookie, /^sid=/)
  assert.doesNotMatch(cookie, /secure/i)
})
