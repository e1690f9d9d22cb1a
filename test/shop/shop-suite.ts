// What the shop promises, whatever its sessions and orders rest on. Each test file starts a server and runs this on it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Visitor, type Answer } from './visitor.ts'

const twoMugs = {
  items: [{ sku: 'mug', name: 'Hearth mug', quantity: 2, price: 1_800 }],
  total: 3_600,
}

/** `url` is asked for when a test runs, so that a `before` hook can start the server. */
export function testShop(url: () => string): void {
  testAccounts(url)
  testCart(url)
  testOrders(url)
  testPages(url)
}

export async function signedIn(url: string, user = 'ann'): Promise<Visitor> {
  const visitor = new Visitor()
  const answer = await visitor.post(`${url}/api/login`, { user, password: user })
  assert.equal(answer.status, 200)
  return visitor
}

function testAccounts(url: () => string): void {
  test('GET /api/me: 401 for a stranger, the name once signed in, 401 again after POST /api/logout', async () => {
    const visitor = new Visitor()
    refused(await visitor.get(`${url()}/api/me`), 401, 'not_signed_in')
    assert.deepEqual((await visitor.post(`${url()}/api/login`, { user: 'ann', password: 'ann' })).body, {
      user: 'ann',
    })
    assert.deepEqual((await visitor.get(`${url()}/api/me`)).body, { user: 'ann' })
    assert.equal((await visitor.post(`${url()}/api/logout`)).status, 204)
    refused(await visitor.get(`${url()}/api/me`), 401, 'not_signed_in')
  })

  test('POST /api/login: a wrong password and an unknown name get the same answer', async () => {
    const wrong = await new Visitor().post(`${url()}/api/login`, { user: 'ann', password: 'bob' })
    const unknown = await new Visitor().post(`${url()}/api/login`, { user: 'eve', password: 'bob' })
    refused(wrong, 401, 'wrong_credentials')
    assert.deepEqual(unknown.body, wrong.body)
    assert.equal(unknown.status, wrong.status)
  })

  test('POST /api/login: a body of the wrong shape is refused by name', async () => {
    for (const body of [
      {},
      { user: 'ann' },
      { user: 1, password: 'ann' },
      [],
      'ann',
      { user: '', password: 'x' },
    ]) {
      const answer = await new Visitor().post(`${url()}/api/login`, body)
      assert.ok(answer.status === 422 || answer.status === 400, JSON.stringify(body))
    }
    const long = { user: 'ann', password: 'x'.repeat(257) }
    refused(await new Visitor().post(`${url()}/api/login`, long), 422, 'invalid_input')
  })

  test('POST /api/login: the session cookie cannot be read by scripts nor sent along by other sites', async () => {
    const answer = await new Visitor().post(`${url()}/api/login`, { user: 'bob', password: 'bob' })
    const [cookie = ''] = answer.headers.getSetCookie()
    assert.match(cookie, /; HttpOnly/i)
    assert.match(cookie, /; SameSite=Lax/i)
  })

  test('POST /api/login: issues a new session id, so that a planted one is worth nothing', async () => {
    const visitor = new Visitor()
    await visitor.post(`${url()}/api/cart`, { sku: 'mug', quantity: 1 })
    const before = visitor.cookies
    await visitor.post(`${url()}/api/login`, { user: 'ann', password: 'ann' })
    assert.notEqual(visitor.cookies, before)
    const planted = await new Visitor().send(`${url()}/api/me`, { headers: { cookie: before } })
    assert.equal(planted.status, 401)
  })
}

function testCart(url: () => string): void {
  test('POST /api/cart: adds to what is there and answers the cart', async () => {
    const visitor = new Visitor()
    assert.deepEqual((await visitor.get(`${url()}/api/cart`)).body, { items: [], total: 0 })
    await visitor.post(`${url()}/api/cart`, { sku: 'mug', quantity: 1 })
    const added = await visitor.post(`${url()}/api/cart`, { sku: 'mug', quantity: 1 })
    assert.equal(added.status, 200)
    assert.deepEqual(added.body, twoMugs)
    assert.deepEqual((await visitor.get(`${url()}/api/cart`)).body, twoMugs)
  })

  test('POST /api/cart: a cart filled before signing in is still there afterwards', async () => {
    const visitor = new Visitor()
    await visitor.post(`${url()}/api/cart`, { sku: 'mug', quantity: 2 })
    await visitor.post(`${url()}/api/login`, { user: 'ann', password: 'ann' })
    assert.deepEqual((await visitor.get(`${url()}/api/cart`)).body, twoMugs)
  })

  test('POST /api/login: another user on the same browser does not get the former cart', async () => {
    const visitor = await signedIn(url(), 'ann')
    await visitor.post(`${url()}/api/cart`, { sku: 'mug', quantity: 2 })
    await visitor.post(`${url()}/api/login`, { user: 'bob', password: 'bob' })
    assert.deepEqual((await visitor.get(`${url()}/api/me`)).body, { user: 'bob' })
    assert.deepEqual((await visitor.get(`${url()}/api/cart`)).body, { items: [], total: 0 })
  })

  test('POST /api/cart: an unknown sku is 404, also one that names a part of every object', async () => {
    for (const sku of ['sofa', '__proto__', 'constructor']) {
      refused(await new Visitor().post(`${url()}/api/cart`, { sku, quantity: 1 }), 404, 'unknown_product')
    }
  })

  test('POST /api/cart: a quantity that is no whole number from 1 to 1000 is 422 and changes nothing', async () => {
    const visitor = new Visitor()
    for (const quantity of [0, -1, 1.5, 1_001, 1e308, '2', null, undefined, [1], {}]) {
      refused(await visitor.post(`${url()}/api/cart`, { sku: 'mug', quantity }), 422, 'invalid_input')
    }
    assert.deepEqual((await visitor.get(`${url()}/api/cart`)).body, { items: [], total: 0 })
  })

  test('POST /api/cart: broken JSON is 400, more than the shop reads is 413, both in the shape of an error', async () => {
    const headers = { 'content-type': 'application/json' }
    const broken = await new Visitor().send(`${url()}/api/cart`, { method: 'POST', headers, body: '{"sku":' })
    refused(broken, 400, 'invalid_request')
    const huge = JSON.stringify({ sku: 'm'.repeat(20_000), quantity: 1 })
    refused(
      await new Visitor().send(`${url()}/api/cart`, { method: 'POST', headers, body: huge }),
      413,
      'too_large',
    )
  })

  test('POST /api/cart: a page of another site cannot add to the cart', async () => {
    const body = JSON.stringify({ sku: 'mug', quantity: 1 })
    const origins: Record<string, string>[] = [
      { origin: 'https://elsewhere.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]
    for (const origin of origins) {
      const headers = { 'content-type': 'application/json', ...origin }
      refused(
        await new Visitor().send(`${url()}/api/cart`, { method: 'POST', headers, body }),
        403,
        'cross_site',
      )
    }
    const headers = { 'content-type': 'application/json', origin: url() }
    assert.equal(
      (await new Visitor().send(`${url()}/api/cart`, { method: 'POST', headers, body })).status,
      200,
    )
  })
}

function testOrders(url: () => string): void {
  test('POST /api/checkout: places the order, empties the cart, and the order is listed first', async () => {
    const visitor = await signedIn(url())
    await visitor.post(`${url()}/api/cart`, { sku: 'mug', quantity: 2 })
    const placed = await visitor.post(`${url()}/api/checkout`)
    assert.equal(placed.status, 201)
    const { id, placedAt, ...content } = placed.body as { id: string; placedAt: string }
    assert.deepEqual(content, twoMugs)
    assert.ok(!Number.isNaN(Date.parse(placedAt)))
    assert.deepEqual((await visitor.get(`${url()}/api/cart`)).body, { items: [], total: 0 })
    const { orders } = (await visitor.get(`${url()}/api/orders`)).body as { orders: unknown[] }
    assert.deepEqual(orders[0], { id, placedAt, ...twoMugs })
  })

  test('POST /api/checkout: 401 for a stranger, 409 for an empty cart', async () => {
    refused(await new Visitor().post(`${url()}/api/checkout`), 401, 'not_signed_in')
    refused(await (await signedIn(url())).post(`${url()}/api/checkout`), 409, 'empty_cart')
  })

  test('POST /api/checkout: two at once place one order', async () => {
    const visitor = await signedIn(url(), 'bob')
    const before = (await visitor.get(`${url()}/api/orders`)).body as { orders: unknown[] }
    await visitor.post(`${url()}/api/cart`, { sku: 'lamp', quantity: 1 })
    const answers = await Promise.all([1, 2, 3].map(() => visitor.post(`${url()}/api/checkout`)))
    const placed = answers.filter((answer) => answer.status === 201)
    assert.ok(placed.length > 0)
    assert.equal(new Set(placed.map((answer) => (answer.body as { id: string }).id)).size, 1)
    const after = (await visitor.get(`${url()}/api/orders`)).body as { orders: unknown[] }
    assert.equal(after.orders.length, before.orders.length + 1)
  })

  test('GET /api/orders: 401 for a stranger, and nobody sees the orders of another', async () => {
    refused(await new Visitor().get(`${url()}/api/orders`), 401, 'not_signed_in')
    const ann = await signedIn(url(), 'ann')
    await ann.post(`${url()}/api/cart`, { sku: 'clock', quantity: 1 })
    const { id } = (await ann.post(`${url()}/api/checkout`)).body as { id: string }
    const bob = await signedIn(url(), 'bob')
    const { orders } = (await bob.get(`${url()}/api/orders`)).body as { orders: { id: string }[] }
    assert.ok(orders.every((order) => order.id !== id))
  })
}

function testPages(url: () => string): void {
  test('pages: one can shop with forms alone', async () => {
    const visitor = new Visitor()
    const added = await visitor.form(`${url()}/cart`, { sku: 'teapot', quantity: '3' })
    assert.equal(added.status, 303)
    await visitor.form(`${url()}/cart/quantity`, { sku: 'teapot', quantity: '2' })
    assert.match(String((await visitor.get(`${url()}/cart`)).body), /€92\.00/)
    assert.equal((await visitor.form(`${url()}/checkout`, {})).headers.get('location'), '/sign-in?next=/cart')
    const entered = await visitor.form(`${url()}/sign-in`, { user: 'ann', password: 'ann', next: '/cart' })
    assert.equal(entered.headers.get('location'), '/cart')
    const ordered = await visitor.form(`${url()}/checkout`, {})
    assert.match(ordered.headers.get('location') ?? '', /^\/orders\?placed=/)
    assert.match(String((await visitor.get(`${url()}/orders`)).body), /Orchard teapot/)
    await visitor.form(`${url()}/sign-out`, {})
    assert.equal((await visitor.get(`${url()}/orders`)).headers.get('location'), '/sign-in?next=/orders')
  })

  test('pages: what a visitor types is shown as text, never as HTML', async () => {
    const user = '"><script>alert(1)</script>'
    const answer = await new Visitor().form(`${url()}/sign-in`, { user, password: 'x' })
    assert.equal(answer.status, 401)
    assert.ok(!String(answer.body).includes('<script'))
    assert.ok(String(answer.body).includes('&#60;script&#62;'))
  })

  test('pages: sign-in leads nowhere but into the shop', async () => {
    const fields = { user: 'ann', password: 'ann', next: 'https://elsewhere.example/' }
    assert.equal((await new Visitor().form(`${url()}/sign-in`, fields)).headers.get('location'), '/')
  })

  test('pages: the browser is told to run nothing and to load nothing from elsewhere', async () => {
    const { headers, body } = await new Visitor().get(`${url()}/`)
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'self'/)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('x-powered-by'), null)
    // The name of the SVG format is the only address of another place, and it is never fetched.
    const addresses = String(body).match(/https?:\/\/[^"'\s]*/g) ?? []
    assert.deepEqual([...new Set(addresses)], ['http://www.w3.org/2000/svg'])
  })

  test('pages: an unknown address is 404, as a page or as JSON', async () => {
    const page = await new Visitor().get(`${url()}/products/sofa`)
    assert.equal(page.status, 404)
    assert.match(String(page.body), /<!doctype html>/)
    refused(await new Visitor().get(`${url()}/api/nothing`), 404, 'not_found')
  })
}

function refused(answer: Answer, status: number, code: string): void {
  const { error } = answer.body as { error?: { code: string; message: string } }
  assert.equal(error?.code, code)
  assert.equal(answer.status, status)
  assert.ok(error.message.length > 0)
}
