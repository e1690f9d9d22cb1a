// Little apps for the instrument, as text: their syntax is as awkward as that of real ones, and a comment `@name` marks a line to be named.

/** By file name. */
export type AppSource = Readonly<Record<string, string>>

/** `file:line` of a mark. */
export function lineOf(app: AppSource, mark: string): string {
  for (const [file, source] of Object.entries(app)) {
    const line = source.split('\n').findIndex((text) => text.endsWith(`// @${mark}`))
    if (line !== -1) return `${file}:${line + 1}`
  }
  throw new Error(`No line is marked ${mark}`)
}

const serve = `
createServer((req, res) => {
  let body = ''
  req.on('data', (chunk) => { body += chunk })
  req.on('end', async () => {
    const value = await routes[req.url]?.(res)
    if (res.writableEnded) return
    res.end(JSON.stringify({ value, header: req.headers['x-drover-proof-request'] ?? 'none' }))
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
`

export const commonJs: AppSource = {
  'loose.cjs': `module.exports = { answer }
function answer(res, text) {
  res.statusCode = 201
  res.end(text)
}
`,
  'server.cjs': `'use strict'
const { createServer } = require('node:http')
const store = require('./store.cjs')
const { answer } = require('./loose.cjs')

let hits = 0 // @let
const seen = new Map() // @map
const names = [] // @array
const state = { // @object
  visits: 0,
  carts: {}, // @inner
}
function makeNext() {
  let last = 0 // @closure
  return () => ++last // @closure-write
}
const next = makeNext()
const routes = {
  '/let': () => { hits++ }, // @let-write
  '/map': () => { seen.set('a', 1) }, // @map-write
  '/array': () => { names.push('a') }, // @array-write
  '/object': () => { state.visits += 1 }, // @object-write
  '/inner': () => {
    const { carts } = state
    carts.a = [] // @inner-write
  },
  '/closure': () => next(),
  '/exports': () => { store.total++ }, // @exports-write
  '/alias': () => {
    const user = store.users.get('first')
    user.age = 2 // @alias-write
  },
  '/global': () => { globalThis.everything = 1 }, // @global-write
  '/assign': () => { Object.assign(state.carts, { b: 1 }) }, // @assign-write
  '/required': () => require('./late.cjs').add(),
  '/answer': (res) => answer(res, '{"header":"none"}'),
  '/awkward': () => {
    let a = hits++
    ;[1].map((x) => x)
    const b = a
    for (let i = hits++, n = 3; i < n; i++) a = i
    if (b) hits++
    else hits--
    return typeof a + (seen?.get('q')?.deep.set('x') ?? b)
  },
  '/local': () => {
    let sum = 0
    const found = new Map()
    for (const n of [1, 2]) { sum += n; found.set(n, n) }
    const copy = { ...state }
    copy.visits = 0
    ;[1, 2].forEach((n) => { sum += n })
    return sum
  },
}
${serve}`,
  'late.cjs': `const late = [] // @late
exports.add = () => { late.push(1) } // @late-write
`,
  'store.cjs': `exports.total = 0 // @exports
module.exports.users = new Map([['first', { age: 1 }]]) // @users
`,
}

export const modules: AppSource = {
  'package.json': '{ "type": "module" }',
  'server.js': `import { createServer } from 'node:http'
import { hostname } from 'node:os'
import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import defaults, { raise, total, users } from './store.js'
import { service } from './service.js'

const name = // @identity
  hostname() + process.pid
const secret = randomBytes(16) // @secret
const key = [secret]
const file = './note.txt' // @file
let ticks = 0 // @ticks
setInterval(() => {
  ticks++ // @ticks-write
}, 20)
const routes = {
  '/imported': () => raise(),
  '/default': () => defaults.hits++, // @default-write
  '/users': () => users.set('a', {}), // @users-write
  '/rename': () => service.rename('a'),
  '/made': () => service.describe('a').text,
  '/loaded': async () => (await import('./late.js')).add(),
  '/note': () => service.note('a'),
  '/later': async () => {
    await pause(1)
    users.delete('b') // @later-write
  },
  '/name': () => name + total, // @identity-read
  '/key': () => key.length, // @secret-read
  '/file': () => writeFileSync(file, 'x'), // @file-write
  '/exists': () => existsSync(file),
  '/ticks': () => ticks > 0,
}
${serve}`,
  'late.js': `class Box {
  things = [] // @box
}
const box = new Box()
export const add = () => {
  box.things.push(1) // @box-write
}
`,
  'store.js': `export let total = 0 // @imported
export const raise = () => {
  total += 1 // @imported-write
}
export const users = new Map() // @users
export default { hits: 0 } // @default
`,
  'service.js': `import { users } from './store.js'
class Text {
  text
  constructor(text) {
    this.text = text
  }
}
class Service {
  static made = 0 // @static
  #seen = new Set() // @private
  note(id) {
    Service.made++ // @static-write
    this.#seen.add(id) // @private-write
  }
  describe(id) {
    return new Text(id)
  }
  rename(id) {
    const user = users.get(id)
    user.name = 'new' // @rename-write
  }
}
export const service = new Service()
`,
}

export const typed: AppSource = {
  'package.json': '{ "type": "module" }',
  'server.ts': `import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
interface Cart {
  items: string[]
}
const carts: Map<string, Cart> = new Map() // @carts
let count: number = 0 // @count
class Board<T> {
  private readonly notes: T[] = [] // @notes
  declare limit?: number
  #posted = 0 // @posted
  post(note: T): void {
    (this.notes as T[]).push(note) // @notes-write
    this.#posted! += 1 // @posted-write
  }
}
const board = new Board<string>()
const routes: Record<string, (request?: IncomingMessage) => unknown> = {
  '/count': () => ++count, // @count-write
  '/cart': () => { carts.set('a', { items: [] }) }, // @carts-write
  '/item': () => carts.get('a')!.items.push('x'), // @item-write
  '/board': () => board.post('x'),
}
${serve.replace('createServer((req, res) =>', 'createServer((req: any, res) =>').replaceAll('(chunk)', '(chunk: unknown)')}`,
}

export const express: AppSource = {
  'server.cjs': `const express = require('express')
const session = require('express-session')
const multer = require('multer')
const NodeCache = require('node-cache')
const { rateLimit } = require('express-rate-limit')
const { DatabaseSync } = require('node:sqlite')

const app = express()
const cache = new NodeCache() // @cache
const upload = multer({ dest: 'uploads' }) // @upload
const limiter = rateLimit({ windowMs: 1000, limit: 100 }) // @limiter
const database = new DatabaseSync('app.db') // @database
database.exec('CREATE TABLE IF NOT EXISTS notes (text TEXT)')
database.exec("INSERT OR IGNORE INTO notes (rowid, text) VALUES (1, 'first')")
database.exec("DELETE FROM notes WHERE text = 'old'") // @database-boot
app.use(session({ secret: 'x', resave: false, saveUninitialized: false })) // @session
app.use('/limited', limiter) // @limiter-use
app.get('/login', (req, res) => {
  req.session.user = 'ann' // @session-write
  res.send('in')
})
app.get('/cached', (req, res) => {
  cache.set('a', 1) // @cache-write
  res.send('kept')
})
app.post('/upload', upload.single('file'), (req, res) => { // @upload-use
  res.send(req.file.filename)
})
app.post('/notes', (req, res) => {
  database.prepare('INSERT INTO notes VALUES (?)').run('x') // @database-write
  res.sendStatus(201)
})
const router = express.Router()
router.get('/:id', (req, res) => res.send(req.params.id))
app.use('/items', router)
app.get('/', (req, res) => res.send('ready'))
app.listen(process.env.PORT, '127.0.0.1')
`,
}
