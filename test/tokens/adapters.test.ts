// One suite for the token adapters of all frameworks.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { describe, test } from 'node:test'
import type { Tokens } from 'drover/tokens'
import { tokenCookies } from 'drover/tokens'
import { testTokens } from '../support/tokens.ts'
import type { TestTokens } from '../support/tokens.ts'
import { frameworks, serve } from './servers.ts'

const missing = 'Bearer'
const invalid = 'Bearer error="invalid_token"'

async function withApi(
  name: string,
  work: (url: string, parts: TestTokens<Record<string, unknown>>) => Promise<void>,
): Promise<void> {
  const parts = testTokens({ onError: () => undefined })
  const build = frameworks[name]
  assert.ok(build !== undefined)
  const running = await serve(await build(parts.api))
  try {
    await work(running.url, parts)
  } finally {
    await running.stop()
    await parts.api.close()
  }
}

async function bearerOf(api: Tokens, scopes: readonly string[] = []): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${(await api.issue('alice', { scopes })).accessToken}` }
}

async function cookieOf(api: Tokens): Promise<string> {
  const lines = tokenCookies(await api.issue('alice'))
  return lines.map((line) => line.split(';')[0]).join('; ')
}

async function upgradeStatus(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const asked = request(`${url}/me`, {
    headers: { ...headers, connection: 'Upgrade', upgrade: 'websocket' },
  }).end()
  const [response]: IncomingMessage[] = await once(asked, 'response')
  response?.resume()
  return response?.statusCode ?? 0
}

for (const name of Object.keys(frameworks)) {
  describe(`drover/${name}`, () => {
    test('a good token in the Authorization header reaches the handler', async () => {
      await withApi(name, async (url, { api }) => {
        const headers = await bearerOf(api)
        for (const authorization of [
          headers.authorization,
          headers.authorization.replace('Bearer', 'bearer'),
        ]) {
          const response = await fetch(`${url}/me`, { headers: { authorization } })
          assert.deepEqual([response.status, await response.text()], [200, 'alice'])
        }
      })
    })

    test('none, a broken, an expired and a revoked token are 401, with WWW-Authenticate, a code and no-store', async () => {
      await withApi(name, async (url, { api, clock }) => {
        const [expired, revoked] = [await api.issue('alice'), await api.issue('alice')]
        await api.revoke(revoked)
        const cases = [
          [undefined, missing, 'TOKEN_MISSING'],
          ['Basic YTpi', missing, 'TOKEN_MISSING'],
          ['Bearer broken', invalid, 'TOKEN_INVALID'],
          [`Bearer ${revoked.accessToken}`, invalid, 'TOKEN_REVOKED'],
          [`Bearer ${expired.accessToken}`, invalid, 'TOKEN_EXPIRED'],
        ] as const
        for (const [authorization, challenge, code] of cases) {
          if (code === 'TOKEN_EXPIRED') clock.advance(305_000)
          const response = await fetch(
            `${url}/me`,
            authorization === undefined ? {} : { headers: { authorization } },
          )
          const { error } = (await response.json()) as { error: { code: string } }
          const { headers, status } = response
          assert.deepEqual(
            [status, headers.get('www-authenticate'), error.code, headers.get('cache-control')],
            [401, challenge, code, 'no-store'],
          )
          assert.deepEqual(headers.getSetCookie(), [])
        }
      })
    })

    test('a scope that is missing is 403, and one that is there lets pass', async () => {
      await withApi(name, async (url, { api }) => {
        const [poor, rich] = [await bearerOf(api), await bearerOf(api, ['read', 'pay'])]
        const refused = await fetch(`${url}/pay`, { headers: poor })
        assert.equal(refused.status, 403)
        assert.equal(
          refused.headers.get('www-authenticate'),
          'Bearer error="insufficient_scope", scope="pay"',
        )
        await refused.arrayBuffer()
        assert.equal(await (await fetch(`${url}/pay`, { headers: rich })).text(), 'paid')
      })
    })

    test('where tokens are not required a visitor passes, and a bad token still is 401', async () => {
      await withApi(name, async (url, { api }) => {
        assert.equal(await (await fetch(`${url}/`)).text(), 'nobody')
        assert.equal(await (await fetch(`${url}/`, { headers: await bearerOf(api) })).text(), 'alice')
        for (const authorization of ['Bearer broken', 'Bearer two words', 'Bearer', 'bearer "quoted"']) {
          const bad = await fetch(`${url}/`, { headers: { authorization } })
          assert.deepEqual([bad.status, bad.headers.get('www-authenticate')], [401, invalid], authorization)
          await bad.arrayBuffer()
        }
      })
    })

    test('the __Host- cookie is taken where cookies are, not from a page of another site, and makes answers private', async () => {
      await withApi(name, async (url, { api }) => {
        const cookie = await cookieOf(api)
        assert.match(cookie, /^__Host-token=.+; __Host-token-refresh=r1\./)
        const response = await fetch(`${url}/me`, { headers: { cookie } })
        assert.deepEqual([response.status, await response.text()], [200, 'alice'])
        assert.match(response.headers.get('cache-control') ?? '', /^private/)
        assert.match(response.headers.get('vary') ?? '', /cookie/i)
        const own = { cookie, origin: url }
        const forged = { cookie, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
        for (const [headers, status] of [
          [own, 200],
          [forged, 403],
        ] as const) {
          const posted = await fetch(`${url}/me`, { method: 'POST', headers })
          assert.equal(posted.status, status)
          await posted.arrayBuffer()
        }
        // A request for a WebSocket is a GET, and changes things all the same.
        assert.equal(await upgradeStatus(url, own), 200)
        assert.equal(await upgradeStatus(url, forged), 403)
        const elsewhere = await fetch(`${url}/`, { headers: { cookie } })
        assert.equal(await elsewhere.text(), 'nobody')
      })
    })

    test('an outage while the feed is cut is 503 with Retry-After, and clears no cookie', async () => {
      await withApi(name, async (url, { api, store, clock }) => {
        const cookie = await cookieOf(api)
        store.cut(true)
        store.isUnavailable = true
        clock.advance(5_001)
        const response = await fetch(`${url}/me`, { headers: { cookie } })
        assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '1'])
        assert.deepEqual(response.headers.getSetCookie(), [])
        await response.arrayBuffer()
      })
    })
  })
}
