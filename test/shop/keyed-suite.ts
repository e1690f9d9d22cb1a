// What the shop promises to requests that are sent again with their Idempotency-Key. Run by the test files of the shop whose
// sessions are in an SQLite file.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { signedIn } from './shop-suite.ts'
import type { Answer, Visitor } from './visitor.ts'

export interface KeyedShop {
  /** Two servers, once the tests run. */
  readonly urls: () => readonly [string, string]
  /** The path of the sessions' file, once the tests run. */
  readonly sessions: () => string
}

export function testKeys({ urls, sessions }: KeyedShop): void {
  /** As a server leaves things that dies when all is done but its answer. */
  const forgetAnswers = () => {
    const database = new DatabaseSync(sessions(), { timeout: 1_000 })
    database.exec('DELETE FROM drover_idempotency')
    database.close()
  }

  test('with an Idempotency-Key: a repeated request gets the answer of the first, from any server, and changes nothing', async () => {
    const [one, other] = urls()
    const visitor = await signedIn(one)
    const add = keyed(visitor, '/api/cart', { sku: 'mug', quantity: 1 })
    const added = await add(one)
    assert.equal(added.status, 200)
    assert.deepEqual(await replayed(add(other)), added.body)
    const order = keyed(visitor, '/api/checkout')
    const placed = await order(one)
    assert.equal(placed.status, 201)
    assert.deepEqual(await replayed(order(other)), placed.body)
    assert.equal((await ordersWith(visitor, one, placed)).length, 1)
  })

  test('with an Idempotency-Key: what a server did before it died is not done again, and answered as it would have', async () => {
    const [one, other] = urls()
    const visitor = await signedIn(one)
    const add = keyed(visitor, '/api/cart', { sku: 'lamp', quantity: 1 })
    const added = await add(one)
    forgetAnswers()
    assert.deepEqual((await add(other)).body, added.body)
    const order = keyed(visitor, '/api/checkout')
    const placed = await order(one)
    await visitor.post(`${one}/api/cart`, { sku: 'lamp', quantity: 1 })
    forgetAnswers()
    const again = await order(other)
    assert.deepEqual([again.status, again.body], [201, placed.body])
    assert.equal((await ordersWith(visitor, one, placed)).length, 1)
    // What came into the cart since then stays there.
    assert.deepEqual((await visitor.get(`${one}/api/cart`)).body, added.body)
  })

  test('with an Idempotency-Key: forms are repeated as well, and strangers are told to sign in', async () => {
    const [one, other] = urls()
    const visitor = await signedIn(one, 'bob')
    const send = (url: string, path: string, key: string, fields: Record<string, string>) =>
      visitor.send(`${url}${path}`, {
        method: 'POST',
        headers: { 'idempotency-key': key, 'sec-fetch-site': 'same-origin' },
        body: new URLSearchParams(fields),
      })
    const [adding, ordering] = [randomUUID(), randomUUID()]
    await send(one, '/cart', adding, { sku: 'clock', quantity: '1' })
    forgetAnswers()
    await send(other, '/cart', adding, { sku: 'clock', quantity: '1' })
    const placed = await send(one, '/checkout', ordering, {})
    assert.match(placed.headers.get('location') ?? '', /^\/orders\?placed=/)
    forgetAnswers()
    const again = await send(other, '/checkout', ordering, {})
    assert.equal(again.headers.get('location'), placed.headers.get('location'))
    assert.match(String((await visitor.get(`${one}${placed.headers.get('location')}`)).body), /€67\.00/)
    await visitor.form(`${one}/sign-out`, {})
    assert.equal(
      (await send(one, '/checkout', randomUUID(), {})).headers.get('location'),
      '/sign-in?next=/cart',
    )
  })

  test('with an Idempotency-Key: another body is refused, and what is no JSON is refused as without a key', async () => {
    const [one] = urls()
    const visitor = await signedIn(one)
    const headers = { 'idempotency-key': randomUUID(), 'content-type': 'application/json' }
    const send = (body: string, type: string) =>
      visitor.send(`${one}/api/cart`, { method: 'POST', headers: { ...headers, 'content-type': type }, body })
    assert.equal((await send('{"sku":"mug","quantity":1}', 'application/json')).status, 200)
    const reused = await send('{"sku":"mug","quantity":2}', 'application/json')
    assert.equal(reused.status, 422)
    headers['idempotency-key'] = randomUUID()
    assert.equal((await send('sku=mug', 'text/plain')).status, 422)
  })
}

/** The same request to whichever server. */
function keyed(visitor: Visitor, path: string, body?: object): (url: string) => Promise<Answer> {
  const headers = { 'idempotency-key': `"${randomUUID()}"`, 'content-type': 'application/json' }
  const content = body === undefined ? {} : { body: JSON.stringify(body) }
  return (url) => visitor.send(`${url}${path}`, { method: 'POST', headers, ...content })
}

async function replayed(answering: Promise<Answer>): Promise<unknown> {
  const answer = await answering
  assert.equal(answer.headers.get('idempotency-replayed'), 'true')
  return answer.body
}

async function ordersWith(visitor: Visitor, url: string, placed: Answer): Promise<readonly unknown[]> {
  const { id } = placed.body as { id: string }
  const { orders } = (await visitor.get(`${url}/api/orders`)).body as { orders: { id: string }[] }
  return orders.filter((order) => order.id === id)
}
