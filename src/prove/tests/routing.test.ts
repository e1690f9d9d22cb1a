import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clients, nobody } from './clients.ts'
import { Routing } from './routing.ts'

const cart = { method: 'GET', path: '/cart' }

test('the same seed sends the same requests to the same instances, another seed does not', () => {
  const places = (seed: number) => {
    const routing = new Routing(3, seed)
    return Array.from({ length: 30 }, () => routing.next({ client: 'a', ...cart })).join('')
  }
  assert.equal(places(1), places(1))
  assert.notEqual(places(1), places(2))
  assert.doesNotMatch(places(1), /(.)\1/)
})

test('what follows a write is mostly asked of neither its instance nor the last one', () => {
  const routing = new Routing(3, 1)
  const counts = Array.from({ length: 40 }, () => {
    const wrote = routing.next({ client: 'a', method: 'POST', path: '/cart' })
    routing.next({ client: 'a', ...cart })
    return routing.next({ client: 'a', ...cart }) === wrote
  })
  assert.ok(counts.filter(Boolean).length < 15)
})

test('who gets a cookie is known by it from then on, goes on elsewhere, and is told from another with the same theme', () => {
  const clients = new Clients()
  const [ann, bob] = ['1', '2'].map((id) =>
    clients.answered(nobody, [`sid=session-${id}; Path=/`, 'theme=dark']),
  )
  assert.notEqual(ann, bob)
  assert.equal(clients.of({ cookie: 'theme=dark; sid=session-1' }), ann)
  assert.equal(clients.of({ cookie: 'theme=dark; sid=session-2' }), bob)
  assert.equal(clients.answered(ann ?? '', ['sid=session-3']), ann)
  assert.equal(clients.of({ cookie: 'sid=session-3' }), ann)
  const bearer = clients.of({ authorization: 'Bearer x' })
  assert.equal(clients.of({ authorization: 'Bearer x' }), bearer)
  assert.equal(clients.of({}), nobody)
})
