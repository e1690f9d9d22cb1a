// Tokens of real processes that share one SQLite file, or one Redis.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = fileURLToPath(new URL('./fixtures/server.ts', import.meta.url))

interface Server {
  /** The token it issued as it started. */
  readonly token: string
  readonly ask: (line: string) => Promise<string>
}

/** Resolves once it has its token. */
async function start(context: TestContext, path: string): Promise<Server> {
  const child = spawn(process.execPath, ['--conditions=source', program, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  context.after(async () => {
    child.kill('SIGKILL')
    await closed
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => String((await lines.next()).value)
  const token = await next()
  const ask = (line: string) => {
    child.stdin.write(`${line}\n`)
    return next()
  }
  return { token, ask }
}

function partOf(token: string, index: number): Readonly<Record<string, unknown>> {
  const text = Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()
  return JSON.parse(text) as Readonly<Record<string, unknown>>
}

/** What is to be true of eight servers on `place`. */
async function playEight(t: TestContext, place: string): Promise<void> {
  const servers = await Promise.all(Array.from({ length: 8 }, () => start(t, place)))
  const issued = servers.map(({ token }) => token)
  assert.equal(new Set(issued.map((token) => partOf(token, 0)['kid'])).size, 1)
  const allGood = issued.map(() => 'ok').join(' ')
  for (const { ask } of servers) assert.equal(await ask(`verify ${issued.join(' ')}`), allGood)

  const [first, ...others] = servers
  const token = others[0]?.token ?? ''
  await first?.ask(`revoke ${String(partOf(token, 1)['sid'])}`)
  for (const { ask } of servers) {
    await until('the token is refused', async () => (await ask(`verify ${token}`)) === 'TOKEN_REVOKED')
  }
  const late = await start(t, place)
  assert.equal(await late.ask(`verify ${token} ${first?.token}`), 'TOKEN_REVOKED ok')
}

test('eight processes that start at once make one ring; what one revokes all refuse, also one that starts later', async (t) => {
  const folder = await temporaryFolder('tokens')
  await playEight(t, join(folder, 'tokens.db'))
})

test('eight processes that start at once on one Redis do so too', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.stop())
  await playEight(t, redis.url)
})
