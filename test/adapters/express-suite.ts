// What Express does beside the shared suite: files, compression, and the ways its own handlers answer.
import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import compression from 'compression'
import type { Express, RequestHandler } from 'express'
import { expressSessions, sessionOf } from '../../src/adapters/express.ts'
import { serveListener } from './adapter.ts'
import type { Adapter } from './adapter.ts'
import { runApp } from './running-app.ts'
import type { RunningApp } from './running-app.ts'

/** What Express 4 and 5 have in common. */
export interface ExpressModule {
  readonly create: () => Express
  readonly serveStatic: (folder: string) => RequestHandler
}

type Compression = 'none' | 'outside' | 'inside'

export async function expressSuite({ create, serveStatic }: ExpressModule): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-answers-'))
  const bigFile = join(folder, 'big.txt')
  const bigText = 'drover '.repeat(500_000)
  await writeFile(bigFile, bigText)
  after(() => rm(folder, { recursive: true }))

  function answers(app: Express): void {
    app.get('/json', (_req, res) => {
      res.json({ ok: true })
    })
    app.get('/pipe', (_req, res) => {
      createReadStream(bigFile).pipe(res.type('text'))
    })
    app.get('/pipeline', (_req, res) => {
      // A client that leaves, or an answer that was replaced, ends the file as well: nothing more is wanted here.
      pipeline(createReadStream(bigFile), res, () => undefined)
    })
    app.get('/file', (_req, res) => {
      res.sendFile(bigFile)
    })
    app.use('/static', serveStatic(folder))
    app.get('/redirect', (_req, res) => {
      res.redirect('/json')
    })
    app.get('/large', (_req, res) => {
      res.send(bigText)
    })
    app.get('/empty', (_req, res) => {
      res.sendStatus(204)
    })
  }

  /** An app of Express's own, with compression outside or inside of its sessions. */
  function run(context: TestContext, where: Compression, isSaving: boolean): Promise<RunningApp> {
    const adapter: Adapter = {
      name: 'Express',
      serve: ({ shops }) => {
        const app = create().set('env', 'test')
        if (where === 'outside') app.use(compression())
        for (const shop of shops) {
          app.use(expressSessions(shop))
          if (where === 'inside') app.use(compression())
          app.use((req, _res, next) => {
            // Not awaited: the answer waits for it all the same.
            if (isSaving) void sessionOf(req, shop).login('ann')
            next()
          })
        }
        answers(app)
        return serveListener((req, res) => void app(req, res))
      },
    }
    return runApp(context, adapter, () => undefined)
  }

  const bodies: Readonly<Record<string, string>> = {
    '/json': '{"ok":true}',
    '/pipe': bigText,
    '/pipeline': bigText,
    '/file': bigText,
    '/static/big.txt': bigText,
    '/redirect': 'Found. Redirecting to /json',
    '/large': bigText,
    '/empty': '',
  }

  test('files, streams and redirects of Express are what they are without a session, but for cookie and caching', async (context) => {
    const held = await run(context, 'none', true)
    const free = await run(context, 'none', false)
    for (const [path, body] of Object.entries(bodies)) {
      for (const method of ['GET', 'HEAD']) {
        const [one, other] = [await held.visit(path, { method }), await free.visit(path, { method })]
        const plain = ({ headers }: { headers: Headers }) =>
          [...headers].filter(([name]) => !['set-cookie', 'date', 'cache-control', 'vary'].includes(name))
        assert.equal(one.status, other.status, `${method} ${path}`)
        assert.deepEqual(plain(one), plain(other), `${method} ${path}`)
        assert.ok(
          one.text === (method === 'HEAD' ? '' : body),
          `${method} ${path}: ${one.text.length} characters`,
        )
        assert.match(one.cookies[0] ?? '', /^sid=/, path)
        assert.match(one.headers.get('vary') ?? '', /Cookie$/, path)
      }
    }
  })

  test('a file that Express would let everybody cache is private once the session was used', async (context) => {
    const held = await run(context, 'none', true)
    const free = await run(context, 'none', false)
    const cacheControl = async (app: RunningApp) =>
      (await app.visit('/static/big.txt')).headers.get('cache-control')
    assert.equal(await cacheControl(free), 'public, max-age=0')
    assert.equal(await cacheControl(held), 'private, max-age=0')
  })

  for (const where of ['outside', 'inside'] as const) {
    test(`compression works ${where} of sessions`, async (context) => {
      const { visit } = await run(context, where, true)
      for (const path of ['/large', '/pipe', '/file']) {
        const answer = await visit(path)
        assert.equal(answer.headers.get('content-encoding'), 'gzip', path)
        assert.ok(answer.text === bigText, path)
        assert.match(answer.cookies[0] ?? '', /^sid=/, path)
        assert.match(
          answer.headers.get('vary') ?? '',
          /^(?:Accept-Encoding, Cookie|Cookie, Accept-Encoding)$/,
          path,
        )
      }
    })

    test(`compression ${where} of sessions does not hurt the error answer`, async (context) => {
      const { visit, store } = await run(context, where, true)
      store.failing.add('create')
      for (const path of Object.keys(bodies)) {
        const answer = await visit(path)
        assert.equal(answer.status, 503, path)
        assert.equal(answer.headers.get('content-encoding'), null)
        assert.equal(answer.text, '{"error":{"code":"STORE_UNAVAILABLE","message":"Service Unavailable"}}\n')
      }
    })
  }

  test('req.session is the session', async (context) => {
    const adapter: Adapter = {
      name: 'Express',
      serve: ({ shops: [shop] }) => {
        assert.ok(shop)
        const app = create()
        app.use(expressSessions(shop))
        app.get('/', (req, res) => {
          assert.ok(Object.keys(req).includes('session'))
          res.json({ same: req.session === sessionOf(req, shop) })
        })
        return serveListener((req, res) => void app(req, res))
      },
    }
    const { visit } = await runApp(context, adapter, () => undefined)
    assert.equal((await visit('/')).text, '{"same":true}')
  })
}
