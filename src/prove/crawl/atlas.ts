// What is known of the app so far: where links lead, which forms there are, what scripts call.
import { isMapping } from '../../base/mapping.ts'
import { itemsOf } from './api-body.ts'
import { type FormKind, isDestructive, isLogout, kindOf, signatureOf } from './form.ts'
import type { Form } from './page.ts'
import { foldPath, isParameter, parseRoute } from './routes.ts'
import { type Call, callsIn } from './script.ts'
import type { SourceHints } from './source-hints.ts'
import type { Journey, Visit } from './visitor.ts'

export interface FoundForm {
  readonly form: Form
  readonly kind: FormKind
  /** Where it is sent to. */
  readonly target: string
  /** The page it stands on. */
  readonly page: string
  readonly signature: string
}

export interface FoundLink {
  readonly path: string
  readonly depth: number
}

/** Pages of one kind, such as those of products: two show what all of them do. */
const pagesOfRoute = 2
/** Pages side by side, such as /products/mug and /products/lamp. */
const siblings = 3
const maxDepth = 4
const asset = /\.(?:png|jpe?g|gif|webp|svg|ico|css|m?js|map|woff2?|pdf|zip|mp[34]|xml|txt)$/i

export class Atlas {
  readonly #journey: Journey
  readonly #links: FoundLink[] = []
  readonly #queued = new Set<string>()
  readonly #ofRoute = new Map<string, number>()
  readonly #forms = new Map<string, FoundForm>()
  readonly #taken = new Set<string>()
  readonly calls: Map<string, Call> = new Map()
  /** Links that end something, such as /logout. */
  readonly ends: Set<string> = new Set()
  readonly scripts: Set<string> = new Set()
  readonly socketPaths: Set<string> = new Set()
  hasSocketIo = false
  /** The first items of lists, by what they are: `product`. */
  readonly ids: Map<string, string | number> = new Map()

  constructor(journey: Journey, knownRoutes: readonly string[], hints: SourceHints) {
    this.#journey = journey
    const told = knownRoutes.map((route): Call => ({ ...parseRoute(route), bodyKeys: [] }))
    for (const path of hints.socketPaths) this.socketPaths.add(path)
    for (const call of told.length > 0 ? told.map((each) => enriched(each, hints.calls)) : hints.calls) {
      const { method, path } = call
      if (path.includes('*') || !path.startsWith('/') || method === 'OPTIONS' || method === 'HEAD') continue
      const asked = method === 'ALL' || method === '*' ? 'GET' : method
      this.addCall({ ...call, method: asked })
      if (asked === 'GET' && !path.split('/').some(isParameter)) this.addLink(path, 0)
    }
  }

  addCall(call: Call): void {
    const key = `${call.method} ${call.path}`
    const before = this.calls.get(key)
    if (before === undefined || before.bodyKeys.length < call.bodyKeys.length || call.fileField !== undefined)
      this.calls.set(key, call)
  }

  addLink(path: string, depth: number): void {
    const [plain = ''] = path.split('?')
    if (isLogout(plain) || isDestructive(plain)) {
      this.ends.add(path)
      return
    }
    if (depth > maxDepth || this.#queued.has(path) || asset.test(plain)) return
    const kinds = [`${foldPath(path)}${path.includes('?') ? '?' : ''}`, ...siblingsOf(plain)]
    const isFull = (kind: string, index: number) =>
      (this.#ofRoute.get(kind) ?? 0) >= (index === 0 ? pagesOfRoute : siblings)
    if (depth > 0 && kinds.some(isFull)) return
    for (const kind of kinds) this.#ofRoute.set(kind, (this.#ofRoute.get(kind) ?? 0) + 1)
    this.#queued.add(path)
    this.#links.push({ path, depth })
  }

  /** Those that let somebody in come first, then the nearest. */
  nextLink(): FoundLink | undefined {
    const rank = ({ path, depth }: FoundLink) => (/log-?in|sign-?(?:in|up)|regist/i.test(path) ? -1 : depth)
    this.#links.sort((left, right) => rank(left) - rank(right))
    return this.#links.shift()
  }

  nextForm(kinds: readonly FormKind[]): FoundForm | undefined {
    const rank = ({ form }: FoundForm) => (form.method === 'POST' ? 0 : 1)
    const free = [...this.#forms.values()].filter(
      (found) => kinds.includes(found.kind) && !this.#taken.has(found.signature),
    )
    const found = free.toSorted((left, right) => rank(left) - rank(right))[0]
    if (found !== undefined) this.#taken.add(found.signature)
    return found
  }

  /** Of its kind, taken or not. */
  formOf(kind: FormKind): FoundForm | undefined {
    return [...this.#forms.values()].find((found) => found.kind === kind)
  }

  note(visit: Visit, depth: number): void {
    const { step, answer } = visit
    if (answer.status >= 400 && visit.page?.forms.length !== 1) return
    const location = answer.headers['location']?.[0]
    if (location !== undefined) this.#addHref(location, step.path, undefined, depth)
    this.#notePage(visit, depth)
    if (visit.json !== undefined) this.#noteJson(visit, depth)
  }

  #notePage({ page, step }: Visit, depth: number): void {
    if (page === undefined) return
    for (const { href, words } of page.links) {
      const path = this.#journey.pathOf(href, step.path, page.base)
      if (path === undefined) continue
      if (isLogout(words) || (isDestructive(words) && path.includes('/'))) this.ends.add(path)
      else this.addLink(path, depth + 1)
    }
    for (const form of page.forms) this.#noteForm(form, step.path, page.base)
    for (const script of page.inlineScripts) this.noteScript(script)
    for (const url of page.scriptUrls) {
      if (url.includes('socket.io')) this.hasSocketIo = true
      const path = this.#journey.pathOf(url, step.path, page.base)
      if (path !== undefined && !/socket\.io|jquery|bootstrap|react|vue|htmx|\.min\.js/.test(path))
        this.scripts.add(path)
    }
  }

  #noteForm(form: Form, page: string, base: string | undefined): void {
    const target = this.#journey.pathOf(form.action === '' ? page : form.action, page, base)
    if (target === undefined) return
    const signature = signatureOf(form, foldPath(target))
    if (!this.#forms.has(signature))
      this.#forms.set(signature, { form, kind: kindOf(form), target, page, signature })
  }

  noteScript(text: string): void {
    for (const call of callsIn(text)) {
      this.addCall(call)
      if (call.method === 'GET' && !call.path.split('/').some(isParameter)) this.addLink(call.path, 1)
    }
    if (/\bio\(\s*[)'"`{]/.test(text)) this.hasSocketIo = true
    for (const [, address = ''] of text.matchAll(/new WebSocket\(\s*([^;\n]{1,200})/g)) {
      this.socketPaths.add(/(?:host|\d|\})(\/[\w/-]*)/.exec(address)?.[1] ?? '/')
    }
  }

  #noteJson({ json, step }: Visit, depth: number): void {
    const noun = nounOf(step.path)
    const [first] = itemsOf(json)
    const id = first?.['id'] ?? first?.['_id']
    if ((typeof id === 'string' || typeof id === 'number') && noun !== '') this.ids.set(noun, id)
    for (const href of hrefsIn(json)) this.#addHref(href, step.path, undefined, depth)
  }

  #addHref(href: string, from: string, base: string | undefined, depth: number): void {
    const path = this.#journey.pathOf(href, from, base)
    if (path !== undefined) this.addLink(path, depth + 1)
  }
}

/** With what the source says of the route's body; a router's own paths are the ends of whole ones. */
function enriched(call: Call, hints: readonly Call[]): Call {
  const fitting = hints.filter(
    ({ method, path }) => method === call.method && call.path.endsWith(path === '/' ? '' : path),
  )
  const best = fitting.toSorted((left, right) => right.path.length - left.path.length)[0]
  return best === undefined ? call : { ...best, path: call.path }
}

/** `/products/mug` is one of `/products/`; what stands right below the root is a corner of its own, and so is what /api has. */
function siblingsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(1)
  const isCorner = parts.length < 2 || /^(?:api|v\d+)$/.test(parts.at(-2) ?? '')
  return isCorner ? [] : [`/${parts.slice(0, -1).join('/')}/`]
}

/** `/api/products` holds products, each a `product`. */
export function nounOf(path: string): string {
  const [plain = ''] = path.split('?')
  const last = plain.split('/').findLast((part) => part !== '' && !/^\d+$/.test(part)) ?? ''
  return last.toLowerCase().replace(/ies$/, 'y').replace(/s$/, '')
}

/** `href` and `url` of HAL and its like. */
function hrefsIn(json: unknown, depth = 0): readonly string[] {
  if (depth > 5 || json === null || typeof json !== 'object') return []
  const entries: readonly (readonly [string, unknown])[] = Array.isArray(json)
    ? json.slice(0, 3).map((item: unknown) => ['', item])
    : Object.entries(json)
  return entries.flatMap(([key, value]) => {
    if (typeof value === 'string')
      return /^(?:href|url|self|next|link)$|_url$|Url$/.test(key) && /^(?:\/|https?:)/.test(value)
        ? [value]
        : []
    return Array.isArray(value) || isMapping(value) ? hrefsIn(value, depth + 1) : []
  })
}
