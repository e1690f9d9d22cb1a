// The shop's pictures: brought to one server, shown by another.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesIn, shopServers } from './shop-servers.ts'
import { signedIn } from './shop-suite.ts'
import { Visitor } from './visitor.ts'

const { url } = shopServers({ program: 'examples/shop/server.ts', count: 2, env: filesIn })

function bring(visitor: Visitor, address: string, content: string, type = 'image/png') {
  const body = new FormData()
  body.append('picture', new Blob([content], { type }), 'picture.png')
  return visitor.send(address, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' }, body })
}

test('the shop: a profile picture brought to one server is shown by another, and replaced there', async () => {
  const visitor = await signedIn(url(0))
  assert.equal((await visitor.get(`${url(1)}/profile/picture`)).status, 404)
  assert.doesNotMatch(String((await visitor.get(`${url(1)}/profile`)).body), /<img/)
  assert.equal((await bring(visitor, `${url(0)}/profile/picture`, 'first')).status, 303)
  const shown = await visitor.get(`${url(1)}/profile/picture`)
  assert.deepEqual([shown.status, shown.body, shown.headers.get('content-type')], [200, 'first', 'image/png'])
  assert.match(
    String((await visitor.get(`${url(1)}/profile`)).body),
    /<img class="photo" src="\/profile\/picture"/,
  )
  assert.match(shown.headers.get('etag') ?? '', /^"[0-9a-f]{64}"$/)
  assert.equal((await bring(visitor, `${url(1)}/profile/picture`, 'second', 'image/webp')).status, 303)
  assert.equal((await visitor.get(`${url(0)}/profile/picture`)).body, 'second')
  assert.equal((await (await signedIn(url(0), 'bob')).get(`${url(0)}/profile/picture`)).status, 404)
})

test('the shop: a product picture brought to one server is on the page of another, for strangers too', async () => {
  const visitor = await signedIn(url(1))
  assert.equal((await bring(visitor, `${url(1)}/products/mug/picture`, 'a mug')).status, 303)
  const stranger = new Visitor()
  assert.match(
    String((await stranger.get(`${url(0)}/products/mug`)).body),
    /<img class="photo" src="\/products\/mug\/picture"/,
  )
  assert.equal((await stranger.get(`${url(0)}/products/mug/picture`)).body, 'a mug')
  assert.doesNotMatch(String((await stranger.get(`${url(0)}/products/lamp`)).body), /class="photo"/)
})

test('the shop: strangers bring no pictures, and nobody brings pages or too much', async () => {
  const stranger = await bring(new Visitor(), `${url(0)}/profile/picture`, 'x')
  assert.deepEqual([stranger.status, stranger.headers.get('location')], [303, '/sign-in'])
  const visitor = await signedIn(url(0), 'bob')
  assert.equal((await bring(visitor, `${url(0)}/profile/picture`, '<script>', 'text/html')).status, 415)
  assert.equal((await bring(visitor, `${url(0)}/products/none/picture`, 'x')).status, 404)
  assert.equal((await visitor.get(`${url(1)}/profile/picture`)).status, 404)
})
