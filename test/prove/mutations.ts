// Bugs to put into the shop, one of each kind, as somebody could write them: `drover prove` has to find every one.
import { readFileSync } from 'node:fs'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Kind } from '../../src/prove/finding.ts'
import { parseFlow } from '../../src/prove/flow/file.ts'
import type { Flow } from '../../src/prove/flow/flow.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Edit {
  /** In examples/shop. */
  readonly file: string
  /** Is there exactly once. */
  readonly search: string
  /** Lines that end in `// state:declared` or `// state:written` are those to be named. */
  readonly replace: string
}

export interface Mutation {
  readonly kind: Kind
  /** Other kinds that are not wrong either. */
  readonly orKinds?: readonly Kind[]
  readonly edits: readonly Edit[]
  /** Steps of a flow, as YAML, for a visitor who has signed in; met by one instance. None: whoever shops meets the bug. */
  readonly steps?: string
  /** It differs over restarts only. */
  readonly onlyRestart?: true
}

/** What each visitor does first, before the steps that meet a bug. */
const signIn = `
- GET /: { expect: { includes: Hearth mug } }
- POST /api/login: { body: { user: ann, password: ann }, expect: { status: 200, includes: ann } }
- GET /api/me: { expect: { status: 200, includes: ann } }
`

const importsOfApi: Pick<Edit, 'file' | 'search'> = {
  file: 'api.ts',
  search: "import { Router, type Request, type RequestHandler } from 'express'\n",
}
const endOfApi: Pick<Edit, 'file' | 'search'> = {
  file: 'api.ts',
  search: '  return router\n}\n\nasync function signedInUser',
}

/** More routes of the API, what they need from outside it, and what stands above them. */
function inApi(imports: string, above: string, routes: string): readonly Edit[] {
  return [
    { ...importsOfApi, replace: `${importsOfApi.search}${imports}` },
    {
      file: 'api.ts',
      search: '/** `keyed` stands before what must not happen twice. */',
      replace: `${above}\n/** \`keyed\` stands before what must not happen twice. */`,
    },
    { ...endOfApi, replace: `${routes}\n${endOfApi.search}` },
  ]
}

export const mutations: readonly Mutation[] = [
  {
    kind: 'in-memory-session',
    edits: [
      {
        file: 'server.ts',
        search: 'const visits = sessions<ShopData>({ store })',
        replace: "const visits = sessions<ShopData>({ store: 'memory:' }) // state:declared",
      },
    ],
  },
  {
    kind: 'module-state',
    edits: inApi(
      '',
      'const lastSeen: { sku?: string } = {} // state:declared',
      `  router.post('/seen/:sku', (request, response) => {
    lastSeen.sku = request.params.sku // state:written
    response.status(204).end()
  })

  router.get('/seen', (_request, response) => {
    response.json({ sku: lastSeen.sku ?? null })
  })
`,
    ),
    steps: `
- POST /api/seen/lamp: { expect: 204 }
- GET /api/seen: { expect: { includes: lamp } }
`,
  },
  {
    kind: 'in-process-cache',
    edits: [
      {
        file: 'orders.ts',
        search: 'export function listOrders(database: Database, account: string): Promise<Order[]> {\n',
        replace: `const listedBefore = new Map<string, Promise<Order[]>>() // state:declared

export function listOrders(database: Database, account: string): Promise<Order[]> {
  const known = listedBefore.get(account) ?? readOrders(database, account)
  listedBefore.set(account, known) // state:written
  return known
}

export function listAnew(database: Database, account: string): Promise<Order[]> {
`,
      },
      {
        file: 'orders.ts',
        search: '  const { key, chooseId, account } = request\n',
        replace:
          '  const { key, chooseId, account } = request\n  listedBefore.delete(account) // state:written\n',
      },
    ],
    steps: `
- POST /api/cart: { body: { sku: mug, quantity: 2 }, expect: 200 }
- POST /api/checkout: { expect: 201, capture: { order: { json: id } } }
- GET /api/orders: { repeat: 3, expect: { includes: '\${order}' } }
- POST /api/cart: { body: { sku: lamp, quantity: 1 }, expect: 200 }
- POST /api/checkout: { expect: 201, capture: { next: { json: id } } }
- GET /api/orders: { repeat: 3, expect: { includes: '\${next}' } }
`,
  },
  {
    kind: 'rate-limiter',
    edits: [
      {
        file: 'api.ts',
        search: "  router.post('/login', async (request, response) => {\n",
        replace: `  const failures = new Map<string, number>() // state:declared
  router.post('/login', async (request, response) => {
    const address = request.ip ?? ''
    const failed = failures.get(address) ?? 0
    if (failed >= 3) {
      response.status(429).json({ error: 'too many attempts' })
      return
    }
    failures.set(address, failed + 1) // state:written
`,
      },
      {
        file: 'api.ts',
        search: '    await request.session.login(account)\n',
        replace: '    await request.session.login(account)\n    failures.delete(address) // state:written\n',
      },
    ],
    steps: `
- POST /api/login: { body: { user: bob, password: guess }, repeat: 3, expect: 401 }
- POST /api/login: { body: { user: bob, password: guess }, repeat: 2, expect: 429 }
`,
  },
  {
    kind: 'local-file',
    edits: inApi(
      "import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'\n",
      '',
      `  router.put('/wish/:name', (request, response) => {
    mkdirSync('wishes', { recursive: true })
    writeFileSync(\`wishes/\${request.params.name}.json\`, JSON.stringify(request.body)) // state:written
    response.status(204).end()
  })

  router.get('/wish/:name', (request, response) => {
    const path = \`wishes/\${request.params.name}.json\` // state:declared
    response.type('json').send(existsSync(path) ? readFileSync(path, 'utf8') : 'null')
  })
`,
    ),
    steps: `
- PUT /api/wish/ann: { body: { sku: clock }, expect: 204 }
- GET /api/wish/ann: { expect: { includes: clock } }
`,
  },
  {
    kind: 'local-sqlite',
    edits: [
      {
        file: 'server.ts',
        search:
          "const database = await openDatabase(process.env['DATABASE_URL'] ?? 'sqlite:.drover/orders.db')",
        replace: "const database = await openDatabase('sqlite:.drover/orders.db') // state:declared",
      },
      {
        file: 'sqlite.ts',
        search: '  const database = new DatabaseSync(path, { timeout: busyTimeoutMs })',
        replace: '  const database = new DatabaseSync(path, { timeout: busyTimeoutMs }) // state:declared',
      },
    ],
  },
  {
    kind: 'upload-directory',
    orKinds: ['local-file'],
    edits: inApi(
      `import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync, mkdirSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
`,
      '',
      `  mkdirSync('uploads', { recursive: true })
  router.post('/photos', async (request, response) => {
    const name = randomUUID()
    await pipeline(request, createWriteStream(\`uploads/\${name}\`)) // state:written
    response.status(201).json({ url: \`/api/photos/\${name}\` })
  })

  router.get('/photos/:name', (request, response) => {
    const path = \`uploads/\${request.params.name}\` // state:declared
    if (existsSync(path)) createReadStream(path).pipe(response.type('png'))
    else response.status(404).end()
  })
`,
    ),
    steps: `
- POST /api/photos: { text: not a picture, type: image/png, expect: 201, capture: { photo: { json: url } } }
- GET \${photo}: { expect: 200 }
- GET \${photo}: { expect: 200 }
`,
  },
  {
    kind: 'per-process-secret',
    edits: inApi(
      "import { createHmac, randomBytes } from 'node:crypto'\n",
      `const voucherKey = randomBytes(32) // state:declared
const sign = (text: string) => createHmac('sha256', voucherKey).update(text).digest('hex')
`,
      `  router.post('/vouchers', (_request, response) => {
    response.status(201).json({ voucher: \`spring-\${sign('spring')}\` })
  })

  router.get('/vouchers/:voucher', (request, response) => {
    const [name = '', signature] = request.params.voucher.split('-')
    response.status(signature === sign(name) ? 200 : 403).json({ name })
  })
`,
    ),
    steps: `
- POST /api/vouchers: { expect: 201, capture: { voucher: { json: voucher } } }
- GET /api/vouchers/\${voucher}: { expect: 200 }
- GET /api/vouchers/\${voucher}: { expect: 200 }
`,
  },
  {
    kind: 'instance-identity',
    edits: [
      { ...importsOfApi, replace: `import { hostname } from 'node:os'\n${importsOfApi.search}` },
      {
        file: 'api.ts',
        search: '    response.json({ user: await signedInUser(request) })\n',
        replace: `    const server = process.env['HOSTNAME'] ?? hostname() // state:declared
    response.json({ user: await signedInUser(request), server })
`,
      },
    ],
    steps: `
- GET /api/me: { capture: { server: { json: server } } }
- GET /api/me: { expect: { includes: '\${server}' } }
`,
  },
  {
    kind: 'instance-configuration',
    orKinds: ['instance-identity'],
    edits: [
      {
        file: 'cart.ts',
        search: "import { randomUUID } from 'node:crypto'\n",
        replace: `import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
`,
      },
      {
        file: 'cart.ts',
        search: '  return items.reduce((sum, item) => sum + item.price * item.quantity, 0)\n',
        replace: `  // The second server tries the new prices.
  const percent = (process.env['HOSTNAME'] ?? hostname()).endsWith('2') ? 90 : 100 // state:declared
  return items.reduce((sum, item) => sum + (item.price * item.quantity * percent) / 100, 0)
`,
      },
    ],
    steps: `
- POST /api/cart: { body: { sku: lamp, quantity: 1 }, expect: { includes: '"total":8900' } }
- GET /api/cart: { expect: { includes: '"total":8900' } }
- GET /api/cart: { expect: { includes: '"total":8900' } }
`,
  },
  {
    kind: 'boot-side-effect',
    edits: [
      {
        file: 'server.ts',
        search: 'await seedAccounts(database)\n',
        replace: `await seedAccounts(database)
const gift = { id: crypto.randomUUID(), account: 'ann', placed_at: '2020-01-01T00:00:00.000Z', total: 0 }
await database.insertInto('orders').values(gift).execute() // state:written
`,
      },
      ...inApi(
        '',
        '',
        `  router.get('/gifts', async (_request, response) => {
    const gifts = await database.selectFrom('orders').select('id').where('total', '=', 0).execute()
    response.json({ count: gifts.length })
  })
`,
      ),
    ],
    steps: `
- GET /api/gifts: { expect: { includes: '"count":1' } }
- GET /api/gifts: { expect: { includes: '"count":1' } }
`,
  },
  {
    kind: 'sticky-transport',
    orKinds: ['module-state', 'in-memory-session'],
    edits: inApi(
      "import { randomUUID } from 'node:crypto'\n",
      'const polls = new Map<string, string[]>() // state:declared\n',
      `  router.post('/poll', (_request, response) => {
    const sid = randomUUID()
    polls.set(sid, ['welcome']) // state:written
    response.json({ sid })
  })

  router.get('/poll', (request, response) => {
    const queue = polls.get(String(request.query['sid']))
    if (queue === undefined) response.status(400).json({ code: 1, message: 'Session ID unknown' })
    else response.json({ messages: queue.splice(0) })
  })
`,
    ),
    steps: `
- POST /api/poll: { expect: 200, capture: { sid: { json: sid } } }
- GET /api/poll?sid=\${sid}: { expect: { status: 200, includes: welcome } }
- GET /api/poll?sid=\${sid}: { expect: { status: 200, includes: '[]' } }
`,
  },
  {
    kind: 'socket-rooms',
    edits: [
      {
        file: 'server.ts',
        search: "import express from 'express'\n",
        replace: `import { createServer } from 'node:http'
import express from 'express'
import { WebSocketServer } from 'ws'
`,
      },
      {
        file: 'server.ts',
        search: 'const instance = serve(app, {\n',
        replace: `const server = createServer(app)
const help = new WebSocketServer({ server, path: '/help' }) // state:declared
help.on('connection', (socket) => {
  socket.send('Ask away')
  socket.on('message', (data) => {
    for (const client of help.clients) client.send(String(data)) // state:written
  })
})

const instance = serve(server, {
`,
      },
    ],
    steps: `
- { connect: /help, expect: Ask away }
- { connect: /help, as: clerk, expect: Ask away }
- { send: where is my mug }
- { expect: { includes: where is my mug, within: 1500 }, as: clerk }
`,
  },
  {
    kind: 'in-process-schedule',
    orKinds: ['module-state'],
    edits: inApi(
      "import { randomUUID } from 'node:crypto'\n",
      `const waiting: string[] = [] // state:declared
const done = new Set<string>() // state:declared
setInterval(() => { // state:declared
  const job = waiting.shift() // state:written
  if (job !== undefined) done.add(job) // state:written
}, 50).unref()
`,
      `  router.post('/exports', (_request, response) => {
    const id = randomUUID()
    waiting.push(id) // state:written
    response.status(202).json({ id })
  })

  router.get('/exports/:id', (request, response) => {
    response.json({ done: done.has(request.params.id) })
  })
`,
    ),
    steps: `
- POST /api/exports: { expect: 202, capture: { job: { json: id } } }
- wait: 300
- GET /api/exports/\${job}: { expect: { includes: 'true' } }
- GET /api/exports/\${job}: { expect: { includes: 'true' } }
`,
  },
  {
    kind: 'acknowledged-before-written',
    orKinds: ['in-process-schedule'],
    onlyRestart: true,
    edits: inApi(
      '',
      '',
      `  router.post('/guests', (_request, response) => {
    response.status(202).json({ accepted: true })
    // state:declared
    setTimeout(() => {
      const guest = { id: 'guest', account: 'ann', placed_at: '2020-01-01T00:00:00.000Z', total: 0 }
      void database.insertInto('orders').values(guest).execute() // state:written
    }, 400)
  })

  router.get('/guests', async (_request, response) => {
    const guests = await database.selectFrom('orders').select('id').where('id', '=', 'guest').execute()
    response.json({ count: guests.length })
  })
`,
    ),
    steps: `
- POST /api/guests: { expect: 202 }
- GET /api/me: { expect: 200 }
- wait: 800
- GET /api/guests: { expect: { includes: '"count":1' } }
`,
  },
]

/** What visitors do in the shop, as an example for others. */
const shoppingFile = join(root, 'examples/shop/prove.yaml')

/** What visitors do in a mutated shop, and in one that is as it was. */
function flowTextFor(mutation: Mutation | undefined): string {
  return mutation?.steps === undefined
    ? readFileSync(shoppingFile, 'utf8')
    : `${signIn.trim()}\n${mutation.steps.trim()}\n`
}

export function flowFor(mutation: Mutation | undefined): Flow {
  return parseFlow(flowTextFor(mutation), 'flow.yaml')
}

/** The mutated text of each file. Throws where a place to edit is not there, or there twice. */
export async function mutated({ edits, kind }: Mutation): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>()
  for (const { file, search, replace } of edits) {
    const text = texts.get(file) ?? (await readFile(join(root, 'examples/shop', file), 'utf8'))
    const pieces = text.split(search)
    if (pieces.length !== 2)
      throw new Error(`${kind}: ${file} has ${pieces.length - 1} of ${JSON.stringify(search)}`)
    texts.set(file, pieces.join(replace))
  }
  return texts
}

/**
 * Writes the shop, mutated or as it is, into `folder`/shop, and its flow beside it as flow.yaml. It is started there with
 * `node --conditions=source server.ts`. Gives the shop's folder.
 */
export async function writeShop(folder: string, mutation: Mutation | undefined): Promise<string> {
  const shop = join(folder, 'shop')
  await mkdir(join(shop, 'node_modules'), { recursive: true })
  const isOfItsRuns = (path: string) => path.split(sep).includes('.drover')
  await cp(join(root, 'examples/shop'), shop, { recursive: true, filter: (path) => !isOfItsRuns(path) })
  await symlink(root, join(shop, 'node_modules/drover'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
  await writeFile(join(folder, 'flow.yaml'), flowTextFor(mutation))
  if (mutation !== undefined)
    for (const [file, text] of await mutated(mutation)) await writeFile(join(shop, file), text)
  return shop
}
