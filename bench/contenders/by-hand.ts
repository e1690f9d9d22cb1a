// What no session library is needed for: the same commands that Drover sends for the app's requests, sent by hand on the
// same client. Knows the one field it wants, checks nothing, and cannot renew, revoke or expire anything.
import { hash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import express from 'express'
import { keyOf, newSessionId, principalTag, tagOf } from '../../src/session/id.ts'
import { changeArguments } from '../../src/stores/redis/change.ts'
import { createRedisClient, loadRedisPackage } from '../../src/stores/redis/client.ts'
import { defaultKeyPrefix, redisDefaults } from '../../src/stores/redis/defaults.ts'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import { KeyNames } from '../../src/stores/redis/keys.ts'
import { saveScript } from '../../src/stores/redis/script.ts'
import { serve, settings } from './announce.ts'
import { newVisit } from './session-data.ts'

const [url = ''] = settings
const lifetimeMs = 86_400_000
const names = new KeyNames(defaultKeyPrefix)
const store = redisSessionStore(url)
const client = createRedisClient(
  await loadRedisPackage(),
  { server: url, isTracking: false, isUnrefed: false },
  redisDefaults,
)
await client.connect()
await client.sendCommand(['SCRIPT', 'LOAD', saveScript.source])

/** Filling is not measured, so it may take the library's way. */
async function fill(name: string, principal: string | undefined): Promise<string> {
  const sessionId = newSessionId(randomBytes, principal === undefined ? undefined : principalTag(principal))
  const now = Date.now()
  const fields = Object.entries(newVisit(name, 'large')).map(([field, value]): [string, string] => [
    field,
    JSON.stringify(value),
  ])
  await store.create(keyOf(sessionId), {
    principal,
    device: undefined,
    ip: undefined,
    createdAtMs: now,
    idleDeadlineMs: now + lifetimeMs,
    absoluteDeadlineMs: now + 30 * lifetimeMs,
    fields: new Map(fields),
  })
  return `sid=${sessionId}`
}

function keyIn(request: IncomingMessage): string {
  const id = (request.headers.cookie ?? '').slice('sid='.length)
  const digest = hash('sha256', id, 'base64url')
  return id.charAt(16) === '.' ? id.slice(0, 17) + digest : digest
}

async function load(key: string, field: string): Promise<unknown> {
  const mark = names.markOf(key)
  const [found] = await Promise.all([
    client.hGetAll(names.session(key)),
    mark === undefined ? undefined : client.get(mark),
  ])
  return JSON.parse(String(Reflect.get(Object(found), `.${field}`)))
}

const app = express()
app.disable('x-powered-by')
app.post('/fill/:name', async (request, response) => {
  response.setHeader('set-cookie', await fill(request.params.name, undefined))
  response.json({ filled: true })
})
app.post('/sign-in/:name', async (request, response) => {
  response.setHeader('set-cookie', await fill(request.params.name, request.params.name))
  response.json({ filled: true })
})
app.get('/read', async (request, response) => {
  response.json({ name: await load(keyIn(request), 'name') })
})
app.post('/write', async (request, response) => {
  const key = keyIn(request)
  const count = Number(await load(key, 'count')) + 1
  const set = new Map([['count', String(count)]])
  const tag = tagOf(key)
  await client.evalSha(saveScript.sha1, {
    keys: [names.session(key), ...(tag === undefined ? [] : names.principal(tag))],
    arguments: [String(Date.now()), '0', ...changeArguments({ set, remove: new Set(), idleDeadlineMs: 0 })],
  })
  response.json({ count })
})
serve(createServer(app))
