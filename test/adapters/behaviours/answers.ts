// Every kind of answer, with a session to save first: the same as without one, but for the cookie.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Adapter, Handler, Reply } from '../adapter.ts'
import { runApp } from '../running-app.ts'

const large = 'drover '.repeat(500_000)

const replies: Readonly<Record<string, () => Reply>> = {
  '/text': () => ({ body: 'hello', headers: { 'content-type': 'text/plain', 'x-app': 'yes' } }),
  '/created': () => ({ status: 201, body: '{}', headers: { 'content-type': 'application/json' } }),
  '/large': () => ({ body: large, headers: { 'content-type': 'text/plain' } }),
  '/pieces': () => ({ body: pieces(), headers: { 'content-type': 'text/plain' } }),
  '/redirect': () => ({ redirect: '/text' }),
  '/empty': () => ({ status: 204 }),
  '/not-modified': () => ({ status: 304, headers: { etag: '"x"' } }),
  '/cookies': () => ({ ...replies['/text']?.(), cookies: ['theme=dark', 'lang=en'] }),
  '/missing': () => ({ ...replies['/text']?.(), status: 404 }),
}

async function* pieces() {
  for (let piece = 0; piece < 50; piece += 1) yield large.slice(piece * 70_000, (piece + 1) * 70_000)
}

const saving: Handler = async ({ path, session }) => {
  await session.login('ann')
  return replies[path]?.()
}
const plain: Handler = ({ path }) => replies[path]?.()

export function answers(adapter: Adapter): void {
  test('an answer that waited for a save is what it is without one, but for cookie and caching', async (context) => {
    const held = await runApp(context, adapter, saving)
    const free = await runApp(context, adapter, plain)
    const ours = new Set(['set-cookie', 'date', 'cache-control', 'vary', 'location'])
    for (const path of Object.keys(replies)) {
      for (const method of ['GET', 'HEAD']) {
        const [one, other] = [await held.visit(path, { method }), await free.visit(path, { method })]
        const what = `${method} ${path}`
        assert.equal(one.status, other.status, what)
        assert.ok(one.text === other.text, `${what}: ${one.text.length} and ${other.text.length} characters`)
        const rest = ({ headers }: { headers: Headers }) => [...headers].filter(([name]) => !ours.has(name))
        assert.deepEqual(rest(one), rest(other), what)
        assert.deepEqual(one.cookies.slice(0, -1), other.cookies, what)
        assert.match(one.cookies.at(-1) ?? '', /^sid=/, what)
      }
    }
  })

  test('the answers are whole', async (context) => {
    const { visit, url } = await runApp(context, adapter, saving)
    assert.ok((await visit('/large')).text === large)
    assert.ok((await visit('/pieces')).text === large)
    const redirect = await visit('/redirect')
    assert.equal(redirect.status, 302)
    assert.equal(new URL(redirect.headers.get('location') ?? '', url).pathname, '/text')
    assert.equal((await visit('/created')).status, 201)
    assert.equal((await visit('/empty')).status, 204)
    const unchanged = await visit('/not-modified')
    assert.equal(unchanged.status, 304)
    assert.equal(unchanged.headers.get('etag'), '"x"')
  })
}
