// What little apps are made of: each case is one with the flow that a proof drives, and what it must find.
import { createHmac, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Flow } from '../../../src/prove/flow/flow.ts'
import { flowOf } from './flows.ts'
import type { LittleApp, LittleAppOptions, World } from './in-process.ts'

export interface LittleCase extends LittleAppOptions {
  readonly name: string
  readonly app: LittleApp
  readonly flow: Flow
  /**
   * Undefined: no divergence. Else whether it differs with private disks, with a shared one, and with restarts, as `DSD`; and the step that
   * wrote, from 1.
   */
  readonly stateful?: { readonly modes: string; readonly writer: number | undefined }
}

/** What a little app answers: a text is HTML, anything else JSON. */
type Reply = {
  readonly status?: number
  readonly headers?: Record<string, string | string[]>
  readonly body?: unknown
}

interface Asked {
  readonly route: string
  readonly url: URL
  readonly request: IncomingMessage
  readonly cookies: ReadonlyMap<string, string>
  readonly bearer: string
  readonly fields: Readonly<Record<string, string>>
}

export function app(boot: (world: World) => (asked: Asked) => Reply): LittleApp {
  return (world) => {
    const answer = boot(world)
    return (request, response) => {
      void readAll(request).then((body) => send(response, answer(readAsked(request, body))))
    }
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

function readAsked(request: IncomingMessage, body: string): Asked {
  const url = new URL(request.url ?? '/', 'http://site')
  const pairs = (request.headers.cookie ?? '').split('; ').map((pair) => pair.split('='))
  const type = request.headers['content-type'] ?? ''
  return {
    route: `${request.method} ${url.pathname}`,
    url,
    request,
    cookies: new Map(pairs.map(([name = '', value = '']) => [name, value])),
    bearer: (request.headers.authorization ?? '').slice('Bearer '.length),
    fields: type.includes('json') ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body)),
  }
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: Reply): void {
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/html' : 'application/json',
    ...headers,
  })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

export const found = (to: string, cookie?: string): Reply => ({
  status: 302,
  headers: { location: to, ...(cookie === undefined ? {} : { 'set-cookie': cookie }) },
})

export function listIn(store: Map<string, string>, name: string): string[] {
  return JSON.parse(store.get(name) ?? '[]')
}

export function push(store: Map<string, string>, name: string, ...items: string[]): void {
  store.set(name, JSON.stringify([...listIn(store, name), ...items]))
}

/** Sessions by a random id in a cookie, in whatever is given. */
export const withSessions =
  (sessionsOf: (world: World) => Map<string, string>): ((world: World) => (asked: Asked) => Reply) =>
  (world) => {
    const sessions = sessionsOf(world)
    return ({ route, cookies, fields }) => {
      if (route === 'POST /login') {
        const id = randomBytes(16).toString('hex')
        sessions.set(id, fields['name'] ?? '')
        return found('/me', `sid=${id}; Path=/; HttpOnly; Secure; Domain=shop.example`)
      }
      const name = sessions.get(cookies.get('sid') ?? '')
      return name === undefined ? found('/login') : { body: `<h1>Hello, ${name}</h1>` }
    }
  }

export const loginFlow: Flow = flowOf('GET /', 'POST /login form:name=ann', 'GET /me', 'GET /me')
export const notesFlow: Flow = flowOf(
  'GET /notes',
  'POST /notes {"text":"milk"}',
  'GET /notes',
  'POST /notes {"text":"eggs"}',
  'GET /notes',
)

export const notes = (storeOf: (world: World) => Map<string, string>): LittleApp =>
  app((world) => {
    const store = storeOf(world)
    return ({ route, fields }) => {
      if (route === 'POST /notes') push(store, 'notes', fields['text'] ?? '')
      return { status: route.startsWith('POST') ? 201 : 200, body: listIn(store, 'notes') }
    }
  })

export const counter = (storeOf: (world: World) => Map<string, string>): LittleApp =>
  app((world) => {
    const store = storeOf(world)
    return () => {
      store.set('count', String(Number(store.get('count') ?? 0) + 1))
      return { body: `<p>You are visitor ${store.get('count')}</p>` }
    }
  })

export const memory = (): Map<string, string> => new Map()

function signed(claims: object, secret: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`
}

export const tokens = (secretOf: () => string): LittleApp =>
  app(() => {
    const secret = secretOf()
    return ({ route, bearer, fields }) => {
      const iat = Math.floor(Date.now() / 1000)
      if (route === 'POST /token')
        return { body: { token: signed({ sub: fields['name'], iat, exp: iat + 3600 }, secret) } }
      const [head = '', payload = '', signature] = bearer.split('.')
      const good = createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url') === signature
      if (!good) return { status: 401, body: { error: 'invalid signature' } }
      return { body: { me: JSON.parse(Buffer.from(payload, 'base64url').toString()).sub } }
    }
  })

export const tokenFlow: Flow = flowOf(
  'POST /token {"name":"ann"} -> token=json:token',
  'GET /me auth:${token}',
  'GET /me auth:${token}',
)

export const limiter = (
  storeOf: (world: World) => Map<string, string>,
  limit: number,
  tells: boolean,
): LittleApp =>
  app((world) => {
    const store = storeOf(world)
    return () => {
      const used = Number(store.get('used') ?? 0) + 1
      store.set('used', String(used))
      const headers = {
        'ratelimit-limit': String(limit),
        'ratelimit-remaining': String(Math.max(0, limit - used)),
        'ratelimit-reset': String(60 - new Date().getSeconds()),
      }
      if (used > limit) return { status: 429, body: { error: 'Too many requests' } }
      return { headers: tells ? headers : {}, body: { ok: true } }
    }
  })

export const getFour: Flow = flowOf('GET /a', 'GET /a', 'GET /a', 'GET /a')
