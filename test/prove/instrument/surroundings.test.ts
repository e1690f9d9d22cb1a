// What is seen besides memory: names, secrets, files, timers; packages by their rules; routes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { routesIn } from '../../../src/prove/cause/routes.ts'
import type { AppEvent, Place } from '../../../src/prove/instrument/event.ts'
import { express, lineOf, modules } from './apps.ts'
import { see } from './support.ts'

function at(place: Place | undefined): string {
  return `${place?.file}:${place?.line}`
}

function find(events: readonly AppEvent[], name: AppEvent['event'], request: number, detail = ''): AppEvent {
  const found = events.find(
    (each) => each.event === name && each.request === request && (each.detail ?? '').includes(detail),
  )
  assert.ok(found !== undefined, `${name} ${request} ${detail}`)
  return found
}

describe('the instrument sees', { concurrency: true }, () => {
  it('what an instance is called by and what it drew, with the variable that keeps it and where that is read', async () => {
    const app = await see(modules, ['node', 'server.js'])
    try {
      const named = await app.ask('/name')
      const keyed = await app.ask('/key')
      const written = await app.ask('/file')
      const ticked = await app.ask('/ticks')
      const events = await app.events()
      assert.equal(at(find(events, 'identity', 0, 'hostname').declaredAt), lineOf(modules, 'identity'))
      const secret = find(events, 'random', 0)
      assert.equal(at(secret.declaredAt), lineOf(modules, 'secret'))
      assert.deepEqual(
        secret.reads?.map(({ holder }) => holder),
        ['key'],
      )
      const reads = events.flatMap((each) => (each.request === named.request ? (each.reads ?? []) : []))
      assert.equal(
        at(reads.find(({ holder }) => holder === 'name')?.readAt),
        lineOf(modules, 'identity-read'),
      )
      assert.ok(events.some((each) => each.event === 'read' && each.request === keyed.request))
      const file = find(events, 'file-write', written.request)
      assert.deepEqual(
        [file.path, at(file.declaredAt), at(file.writtenAt)],
        ['note.txt', lineOf(modules, 'file'), lineOf(modules, 'file-write')],
      )
      assert.ok(
        events.some(
          (each) =>
            each.event === 'write' &&
            each.request < -1 &&
            at(each.writtenAt) === lineOf(modules, 'ticks-write'),
        ),
      )
      assert.ok(
        events.some(
          (each) =>
            each.event === 'read' &&
            each.request === ticked.request &&
            each.reads?.some(({ holder }) => holder === 'ticks'),
        ),
      )
    } finally {
      await app.kill()
    }
  })

  it('sessions in memory, caches, limiters, uploads and databases of known packages', async () => {
    const app = await see(express, ['node', 'server.cjs'])
    try {
      const login = await app.ask('/login')
      const cached = await app.ask('/cached')
      const form = new FormData()
      form.set('file', new Blob(['x']), 'a.txt')
      const uploaded = await app.ask('/upload', { method: 'POST', body: form })
      const noted = await app.ask('/notes', { method: 'POST' })
      const events = await app.events()
      const stored = find(events, 'session', login.request, 'set')
      assert.deepEqual(
        [stored.holder, stored.package, at(stored.declaredAt)],
        ['MemoryStore', 'express-session', lineOf(express, 'session')],
      )
      assert.equal(
        at(find(events, 'session', login.request, 'user').writtenAt),
        lineOf(express, 'session-write'),
      )
      const kept = find(events, 'write', cached.request)
      assert.deepEqual(
        [kept.package, at(kept.declaredAt), at(kept.writtenAt)],
        ['node-cache', lineOf(express, 'cache'), lineOf(express, 'cache-write')],
      )
      const made = (name: string): AppEvent | undefined =>
        events.find((each) => each.event === 'package' && each.package === name)
      assert.deepEqual(
        [at(made('express-rate-limit')?.declaredAt), at(made('express-rate-limit')?.writtenAt)],
        [lineOf(express, 'limiter'), lineOf(express, 'limiter-use')],
      )
      assert.deepEqual(
        [at(made('multer')?.declaredAt), at(made('multer')?.writtenAt)],
        [lineOf(express, 'upload'), lineOf(express, 'upload-use')],
      )
      assert.match(find(events, 'file-write', uploaded.request, 'createWriteStream').path ?? '', /^uploads\//)
      assert.equal(at(find(events, 'database', 0).declaredAt), lineOf(express, 'database'))
      // What only adds what is missing makes no start unlike another.
      assert.equal(at(find(events, 'sql', 0).writtenAt), lineOf(express, 'database-boot'))
      assert.equal(
        at(find(events, 'sql', noted.request, 'INSERT').writtenAt),
        lineOf(express, 'database-write'),
      )
      assert.deepEqual(routesIn(events), [
        'GET /login',
        'GET /cached',
        'POST /upload',
        'POST /notes',
        'GET /items/:id',
        'GET /',
      ])
    } finally {
      await app.kill()
    }
  })
})
