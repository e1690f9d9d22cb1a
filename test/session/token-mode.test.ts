// sessions({ mode: 'token' }) over two servers that share nothing but secrets and the feed of revocations.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { sessions } from 'drover'
import type { SessionsOptions } from 'drover'
import { sessionOf, withSessions } from 'drover/node-http'
import { CuttableStore, secrets, testTokens } from '../support/tokens.ts'

interface Shop {
  cart: string[]
  note: string
}

interface Server {
  readonly url: string
  readonly store: CuttableStore
}

/** Two servers, each with a store of its own over one memory. */
async function twoServers(t: TestContext): Promise<readonly [Server, Server]> {
  const { newStore, clock } = testTokens()
  const start = async (store: CuttableStore): Promise<Server> => {
    const shop = sessions<Shop>({
      mode: 'token',
      encryptionKeys: secrets,
      revocations: store,
      clock,
      onError: () => undefined,
    })
    const server = createServer(
      withSessions(shop, async (req, res) => {
        const session = sessionOf(req, shop)
        const [, act = '', word = ''] = (req.url ?? '').split('/')
        const data = await session.data()
        if (act === 'add') data.cart = [...(data.cart ?? []), word]
        else if (act === 'note') data.note = 'x'.repeat(Number(word))
        else if (act === 'login') await session.login(word)
        else if (act === 'logout') await session.logout()
        else if (act === 'end') await shop.revokeAll(word, { except: session })
        res.end(JSON.stringify({ who: await session.principal(), cart: data.cart }))
      }),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(async () => {
      server.closeAllConnections()
      server.close()
      await shop.close()
    })
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, store }
  }
  return [await start(newStore()), await start(newStore())]
}

/** A browser, as far as it keeps one cookie. */
class Browser {
  cookie = ''

  async post(server: Server, path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(server.url + path, { method: 'POST', headers: { cookie: this.cookie } })
    const [line] = response.headers.getSetCookie()
    if (line !== undefined) this.cookie = line.split(';')[0] ?? ''
    return { status: response.status, body: await response.text() }
  }
}

test('two servers share a session that is in its cookie, and a sign-out on one ends stolen copies on the other', async (t) => {
  const [here, there] = await twoServers(t)
  const [ann, thief] = [new Browser(), new Browser()]
  await ann.post(here, '/add/lamp')
  await ann.post(there, '/login/ann')
  await ann.post(here, '/add/mug')
  assert.deepEqual(await ann.post(there, '/'), { status: 200, body: '{"who":"ann","cart":["lamp","mug"]}' })
  thief.cookie = ann.cookie
  await ann.post(here, '/logout')
  assert.deepEqual(await thief.post(there, '/'), { status: 200, body: '{}' })
  assert.equal(there.store.lookUps, 0)
})

test('revokeAll ends a principal’s other sessions on every server', async (t) => {
  const [here, there] = await twoServers(t)
  const [phone, laptop] = [new Browser(), new Browser()]
  await phone.post(here, '/login/ann')
  await laptop.post(there, '/login/ann')
  await phone.post(here, '/end/ann')
  assert.equal((await phone.post(there, '/')).body, '{"who":"ann"}')
  assert.equal((await laptop.post(there, '/')).body, '{}')
})

test('with the feed cut the store is asked; when that is gone, too, the answer is 503 and the cookie stays', async (t) => {
  const [here, there] = await twoServers(t)
  const [ann, thief] = [new Browser(), new Browser()]
  await ann.post(here, '/login/ann')
  const { cookie } = ann
  there.store.cut(true)
  assert.equal((await ann.post(there, '/')).body, '{"who":"ann"}')
  there.store.isUnavailable = true
  assert.equal((await ann.post(there, '/')).status, 503)
  assert.equal(ann.cookie, cookie)
  there.store.isUnavailable = false
  thief.cookie = cookie
  await ann.post(here, '/logout')
  assert.equal((await thief.post(there, '/')).body, '{}')
})

test('a session that has no room in a cookie is 500, and the one before it stays', async (t) => {
  const [here, there] = await twoServers(t)
  const ann = new Browser()
  await ann.post(here, '/add/lamp')
  assert.equal((await ann.post(here, '/note/4000')).status, 500)
  assert.equal((await ann.post(there, '/')).body, '{"cart":["lamp"]}')
})

test('options that one of the modes has no use for are refused by name', () => {
  const { store: revocations } = testTokens()
  const good: SessionsOptions<Shop> = { mode: 'token', encryptionKeys: secrets, revocations }
  const refused = (options: SessionsOptions<Shop>, message: RegExp) => {
    assert.throws(() => sessions<Shop>(options), { code: 'OPTION_INVALID', message })
  }
  refused({ ...good, store: 'memory:' }, /store in mode "token"/)
  refused({ ...good, conflicts: { cart: 'set' } }, /conflicts in mode "token"/)
  refused({ ...good, renewalGrace: '1m' }, /renewalGrace in mode "token"/)
  refused({ mode: 'token', revocations }, /without encryptionKeys/)
  refused({ mode: 'token', encryptionKeys: secrets }, /without revocations/)
  refused({ revocations }, /revocations in mode "store"/)
  refused({ whenCut: 'refuse' }, /whenCut in mode "store"/)
})
