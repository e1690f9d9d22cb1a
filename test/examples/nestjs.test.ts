// examples/nestjs: Nest on Express and on Fastify, two servers on one store.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { databaseFolder, startExample } from './example-server.ts'

interface Answer {
  readonly visits?: number
  readonly user: string | null
  readonly process?: number
}

for (const platform of ['express', 'fastify']) {
  test(`Nest on ${platform}: a visitor is known to every server, and signed out on all of them at once`, async (context) => {
    const env = { SESSION_STORE: `sqlite:${join(await databaseFolder(), 'sessions.db')}` }
    const command = [`examples/nestjs/${platform}.ts`] as const
    const [here, there] = [
      await startExample(context, { command, env }),
      await startExample(context, { command, env }),
    ]
    let cookie = ''
    const ask = async (url: string, method = 'GET'): Promise<Answer> => {
      const response = await fetch(url, { method, headers: { cookie } })
      assert.ok(response.ok, `${response.status}`)
      cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
      return (await response.json()) as Answer
    }
    const first = await ask(here.url)
    const second = await ask(there.url)
    assert.deepEqual([first.visits, second.visits], [1, 2])
    assert.notEqual(first.process, second.process)
    await ask(`${here.url}/sign-in`, 'POST')
    const signedIn = cookie
    assert.equal((await ask(there.url)).user, 'ann')
    await ask(`${there.url}/sign-out`, 'POST')
    cookie = signedIn
    assert.equal((await ask(here.url)).user, null)
  })
}
