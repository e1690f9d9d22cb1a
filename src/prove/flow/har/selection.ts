// Which requests of a recording make the flow: those to the app that are no static files.
import { looksMadeName } from '../capturing.ts'
import { bodyText, type Entry, headerOf } from './entries.ts'

const assetTypes = new Set([
  'image',
  'font',
  'stylesheet',
  'script',
  'media',
  'manifest',
  'texttrack',
  'ping',
  'preflight',
])
const assetMime = /^(?:image|font|audio|video)\/|css|javascript|wasm|font/i
const assetName =
  /\.(?:png|jpe?g|gif|webp|avif|svg|ico|css|m?js|map|woff2?|ttf|otf|eot|mp[34]|webm|wasm|webmanifest)$/i

/** The first page's, else that of the most requests. */
export function originOf(entries: readonly Entry[]): string | undefined {
  const origins = entries.flatMap(({ request }) => originOfUrl(request.url) ?? [])
  const page = entries.find(
    ({ response }) => /html/i.test(response.content.mimeType) && response.status < 400,
  )
  const counts = new Map<string, number>()
  for (const origin of origins) counts.set(origin, (counts.get(origin) ?? 0) + 1)
  const most = [...counts].toSorted(([, left], [, right]) => right - left)[0]?.[0]
  return (page === undefined ? undefined : originOfUrl(page.request.url)) ?? most
}

/** A WebSocket's counts as that of its page. */
function originOfUrl(url: string): string | undefined {
  const parsed = URL.parse(url.replace(/^ws/i, 'http'))
  return parsed?.protocol === 'http:' || parsed?.protocol === 'https:' ? parsed.origin : undefined
}

export function selectEntries(entries: readonly Entry[], origin: string): readonly Entry[] {
  const own = entries.filter(({ request }) => originOfUrl(request.url) === origin)
  return own.filter((entry, index) => isStep(entry, own.slice(0, index)))
}

function isStep(entry: Entry, earlier: readonly Entry[]): boolean {
  const { method } = entry.request
  if (method === 'OPTIONS' || method === 'CONNECT' || method === 'TRACE') return false
  if (entry._webSocketMessages !== undefined || entry._resourceType === 'websocket') return true
  // 0: the browser gave it up, or an extension did.
  if (entry.response.status === 0) return false
  return method !== 'GET' || !isAsset(entry) || isUploaded(entry, earlier)
}

function isAsset({ request, response, _resourceType: type }: Entry): boolean {
  const path = pathOf(request.url)
  if (type !== undefined && assetTypes.has(type)) return true
  return assetMime.test(response.content.mimeType) || assetName.test(path)
}

/** A file that a write's answer, or a page after it, names: what was uploaded is what the flow is about. */
function isUploaded({ request }: Entry, earlier: readonly Entry[]): boolean {
  const name = pathOf(request.url).split('/').at(-1) ?? ''
  const firstWrite = earlier.findIndex((each) => each.request.method !== 'GET')
  if (firstWrite < 0 || !looksMadeName(name)) return false
  return earlier.slice(firstWrite).some(({ response }) => bodyText(response.content).includes(name))
}

function pathOf(url: string): string {
  return URL.parse(url)?.pathname ?? ''
}

const carried =
  /^(?:authorization|accept|origin|referer|x-(?!forwarded|real-ip|request-id|client-data|devtools)[\w-]+|hx-[\w-]+|turbo-frame|idempotency-key|[\w-]*(?:csrf|xsrf)[\w-]*|next-action|rsc|apollo-require-preflight)$/

/** Headers that the page's scripts chose; the browser's own, cookies included, are made anew. */
export function carriedHeaders({ request }: Entry): Readonly<Record<string, string>> {
  const kept = request.headers.map(({ name, value }) => [name.toLowerCase(), value] as const)
  return Object.fromEntries(kept.filter(([name, value]) => carried.test(name) && !/[\r\n]/.test(value)))
}

const analytics = /^_ga|^_gid$|^_fbp$|^_hj|^_pk_|^ajs_|^mp_/

/** Cookies of a request that no answer has set before: those that scripts set. */
export function scriptCookies(entry: Entry, earlier: readonly Entry[]): string | undefined {
  const set = new Set(earlier.flatMap(setNames))
  const own = cookiesOf(entry).filter(([name]) => !set.has(name) && !analytics.test(name))
  return own.length === 0 ? undefined : own.map(([name, value]) => `${name}=${value}`).join('; ')
}

function cookiesOf({ request }: Entry): readonly (readonly [string, string])[] {
  const header = headerOf(request.headers, 'cookie')
  if (header === undefined) return request.cookies.map(({ name, value }) => [name, value])
  return header.split(/;\s*/).flatMap((pair) => {
    const at = pair.indexOf('=')
    return at < 1 ? [] : [[pair.slice(0, at), pair.slice(at + 1)] as const]
  })
}

/** Some browsers join several Set-Cookie of an answer by line breaks. */
function setNames({ response }: Entry): readonly string[] {
  const fields = response.headers.filter(({ name }) => name.toLowerCase() === 'set-cookie')
  return fields.flatMap(({ value }) =>
    value.split('\n').flatMap((line) => /^\s*([^=;\s]+)=/.exec(line)?.[1] ?? []),
  )
}
