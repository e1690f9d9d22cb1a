// Routes as the app's own source names them, what their handlers read of a body, and accounts that it comes with. A look, no parser: what it
// finds is asked for, never believed.
import { glob, readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import type { Account } from './form.ts'
import type { Call } from './script.ts'
import { socketEventsIn, type SocketEvent } from './socket-io.ts'

const maxFiles = 200
const maxRoutes = 80
const fileChars = 200_000
const left =
  /(?:^|\/)(?:node_modules|site-packages|dist|build|coverage|public|static|vendor|venv|\.[^/]+|tests?|__tests__|spec)(?:\/|$)|\.(?:test|spec|d|config)\.\w+$|\.min\.js$/

export interface SourceHints {
  readonly calls: readonly Call[]
  readonly accounts: readonly Account[]
  /** Where WebSockets are taken. */
  readonly socketPaths: readonly string[]
  /** Of Socket.IO. */
  readonly socketEvents: readonly SocketEvent[]
}

export const noHints: SourceHints = { calls: [], accounts: [], socketPaths: [], socketEvents: [] }

/** Nothing where the folder cannot be read. */
export async function hintsInFolder(folder: string): Promise<SourceHints> {
  const files: SourceFile[] = []
  const found = glob('**/*.{js,mjs,cjs,ts,mts,cts,py,rb,go,php}', {
    cwd: folder,
    exclude: (entry) => left.test(entry),
  })
  for await (const path of found) {
    if (left.test(path)) continue
    if (files.length >= maxFiles) break
    const text = await readFile(join(folder, path), 'utf8').catch(() => '')
    files.push({ path, text: text.slice(0, fileChars) })
  }
  return hintsInSource(files.toSorted((one, other) => (one.path < other.path ? -1 : 1)))
}

export function hintsInSource(files: readonly SourceFile[]): SourceHints {
  const socketPaths = socketPathsIn(files)
  const calls = routesInSource(files).filter(({ path }) => path === '/' || !socketPaths.includes(path))
  const socketEvents = socketEventsIn(files.map(({ text }) => text))
  return { calls, accounts: accountsIn(files), socketPaths, socketEvents }
}

export interface SourceFile {
  readonly path: string
  readonly text: string
}

const verb = String.raw`get|post|put|patch|delete|del|all|GET|POST|PUT|PATCH|DELETE`
const registered = new RegExp(
  String.raw`(?<![\w$])(\w+)\s*\.\s*(${verb})\s*(?:<[^>()]*>)?\(\s*([\x60'"])(\/[^\x60'"\n\s]{0,120})\3`,
  'g',
)
const chained = new RegExp(
  String.raw`\.route\(\s*([\x60'"])(\/[^\x60'"\n\s]{0,120})\1\s*\)((?:\s*\.(?:${verb})\([\s\S]{0,400}?\))+)`,
  'g',
)
/** Of Go. */
const handled = /\bHandle(?:Func)?\(\s*"(?:(GET|POST|PUT|PATCH|DELETE) )?(\/[^"\s]{0,120})"/g
const inObject = /\b(?:url|path)\s*:\s*([`'"])(\/[^`'"\n\s]{0,120})\1/g
const decorated = /@\w+\.(?:(route|get|post|put|patch|delete)\(\s*(["'])(\/[^"'\n\s]*)\2([^)\n]*))/g
const compared = /(?:===?|case|in)\s*\(?\s*([`'"])(?:(GET|POST|PUT|PATCH|DELETE) )?(\/[^`'"\n\s]{0,120})\1/g
const mounted = /\.(?:use|register|route)\(\s*([`'"])(\/[^`'"\n\s]{0,120})\1\s*,([^\n]{0,200})/g
const prefixed = /\.register\(([^\n{]{0,120})\{[^}\n]*prefix:\s*([`'"])(\/[^`'"\n\s]{0,120})\2/g
const notApps =
  /^(?:axios|fetch|http|https|request|supertest|agent|client|ky|got|cache|map|params|headers|cookies|session|redis|db|store)$/i

function routesInSource(files: readonly SourceFile[]): readonly Call[] {
  const mounts = files.flatMap(({ text }) => [
    ...[...text.matchAll(mounted)].map(([, , prefix = '', what = '']) => ({ prefix, what })),
    ...[...text.matchAll(prefixed)].map(([, what = '', , prefix = '']) => ({ prefix, what })),
  ])
  const calls = files.flatMap((file) => {
    const prefixes = prefixesOf(file, mounts)
    return routesIn(file.text).flatMap(({ method, path, receiver, handler }) => {
      const mountable = prefixes.length > 0 && !/^(?:app|server|fastify)$/.test(receiver)
      const paths = mountable ? prefixes.map((prefix) => joined(prefix, path)) : [path]
      const body = bodyIn(handler)
      return paths.map((whole): Call => Object.assign({ method, path: whole }, body))
    })
  })
  const byName = new Map<string, Call>()
  for (const call of calls)
    if (!byName.has(`${call.method} ${call.path}`)) byName.set(`${call.method} ${call.path}`, call)
  return [...byName.values()].slice(0, maxRoutes)
}

const destructured =
  /\{([^{}]{1,300})\}\s*(?::[^=\n]{1,100})?=\s*(?:await\s+|\()*(?:[\w.]*\bbody\b|\w+\.(?:req\.)?(?:json|parseBody)\(|JSON\.parse\()/g
const member =
  /\b(?:req(?:uest)?\.body|ctx\.request\.body|body|data|payload|input|form|request\.(?:json|form|POST|get_json\([^()]*\)))(?:\??\.get\(\s*['"]|\??\.|\[['"])([A-Za-z_]\w*)/g
const ofStruct =
  /\bjson:"([A-Za-z_]\w*)|\bFormValue\(\s*"(\w+)"|\bstruct\s*\{\s*((?:[A-Z]\w*,\s*)*[A-Z]\w*) string\s*\}/g
const notKeys = /^(?:length|toString|map|filter|trim|slice|json|text|pipe|on|push|get|then|hasOwnProperty)$/
const upload = /\b(?:single|array)\(\s*['"`](\w+)['"`]/

/** What a handler reads of the body, in the order in which it does. */
function bodyIn(handler: string): Pick<Call, 'bodyKeys' | 'fileField'> {
  const whole = [...handler.matchAll(destructured)].flatMap(([, names = '']) =>
    names.split(',').flatMap((name) => /^\s*([A-Za-z_]\w*)/.exec(name)?.[1] ?? []),
  )
  const single = [...handler.matchAll(member)]
    .map(([, name = '']) => name)
    .filter((name) => !notKeys.test(name))
  const fields = [...handler.matchAll(ofStruct)].flatMap(([, tag, form, names]) =>
    (tag ?? form ?? names ?? '').split(/,\s*/),
  )
  return {
    bodyKeys: [...new Set([...whole, ...single, ...fields])].slice(0, 20),
    fileField: upload.exec(handler)?.[1],
  }
}

const account =
  /\b(?:user(?:_?name)?|e-?mail|login|name)['"]?\s*(?::|===?|=)\s*['"`]([^'"`\n]{1,60})['"`][\s\S]{0,80}?\bpass(?:word|wd)?['"]?\s*(?::|===?|=)\s*['"`]([^'"`\n]{1,60})['"`]/gi
const table =
  /\b(?:users|accounts|passwords|credentials|logins)\b[^={\n]{0,60}=\s*(?:new Map\(\s*Object\.entries\(|Object\.freeze\()?\s*(?:new Map\()?[{[]([^;]{1,600}?)[}\]]\s*\)*/gi

const demanded = /\bpass(?:word|wd)?\s*(?:!==?|===?)\s*['"`]([^'"`\n]{1,60})['"`]/gi
const demandedName = /\buser(?:_?name)?\s*(?:!==?|===?)\s*['"`]([^'"`\n]{1,60})['"`]/i

/** Demo accounts that stand in the source. */
function accountsIn(files: readonly SourceFile[]): readonly Account[] {
  const pairs = files.flatMap(({ text }) => [
    ...[...text.matchAll(account)].map(([, user = '', secret = '']) => [user, secret] as const),
    ...[...text.matchAll(table)]
      .filter(([, inner = '']) => !/\bpass/i.test(inner))
      .flatMap(([, inner = '']) =>
        [...inner.matchAll(/['"]?([\w.@-]{2,40})['"]?\s*[:,]\s*['"`]([^'"`\s]{2,60})['"`]/g)].map(
          ([, user = '', secret = '']) => [user, secret] as const,
        ),
      ),
  ])
  for (const { text } of files)
    for (const [, secret = ''] of text.matchAll(demanded))
      pairs.push([demandedName.exec(text)?.[1] ?? 'admin', secret])
  const accounts = pairs.map(([user, secret]) => ({ user, email: user, password: secret }))
  return [...new Map(accounts.map((each) => [`${each.user} ${each.password}`, each])).values()].slice(0, 6)
}

function socketPathsIn(files: readonly SourceFile[]): readonly string[] {
  const paths = files.flatMap(({ text }) => {
    if (
      !/WebSocketServer|WebSocket\.Server|['"](?:ws|express-ws|@fastify\/websocket)['"]|upgradeWebSocket/.test(
        text,
      )
    )
      return []
    const named = [
      ...text.matchAll(/(?:WebSocketServer|WebSocket\.Server)\([^)]*path:\s*['"`](\/[\w/-]*)/g),
      ...text.matchAll(/\.ws\(\s*['"`](\/[\w/-]*)/g),
      ...text.matchAll(/\.get\(\s*['"`](\/[\w/-]*)['"`]\s*,\s*(?:\{\s*websocket:\s*true|upgradeWebSocket)/g),
    ].map(([, path = '/']) => path)
    return named.length > 0 ? named : ['/']
  })
  return [...new Set(paths)].slice(0, 3)
}

interface Found {
  readonly method: string
  readonly path: string
  readonly receiver: string
  /** The source that follows. */
  readonly handler: string
}

function routesIn(text: string): readonly Found[] {
  const calls = [...text.matchAll(registered)].filter(([, receiver = '']) => !notApps.test(receiver))
  return [
    ...calls.map(({ 1: receiver = '', 2: method = '', 4: path = '', index }) => {
      return { method: methodOf(method), path, receiver, handler: handlerAt(text, index) }
    }),
    ...[...text.matchAll(chained)].flatMap(([, , path = '', chain = '']) =>
      [...chain.matchAll(new RegExp(String.raw`\.(${verb})\(`, 'g'))].map(({ 1: method = '', index }) => {
        return { method: methodOf(method), path, receiver: '', handler: chain.slice(index) }
      }),
    ),
    ...[...text.matchAll(decorated)].flatMap(decoratedRoutes(text)),
    ...[...text.matchAll(handled)].flatMap(handledRoutes(text)),
    ...[...text.matchAll(compared)].flatMap((match) => comparedRoutes(text, match)),
    ...[...text.matchAll(inObject)].map(({ 2: path = '', index }) => {
      const around = text.slice(Math.max(0, index - 80), index + 160)
      const method = /method:\s*\[?\s*['"](\w+)/.exec(around)?.[1]?.toUpperCase() ?? 'GET'
      return { method, path, receiver: 'app', handler: handlerAt(text, index) }
    }),
  ].filter(({ path }) => path.length < 100 && !/\$\{|\.(?:js|css|html|png|svg|ico|json)$/.test(path))
}

/** Up to where the next route may begin. */
function handlerAt(text: string, at: number): string {
  const rest = text.slice(at, at + 1_500)
  const next = rest.slice(1).search(/\n\S+\s*\.\s*(?:get|post|put|patch|delete|all|use|route|listen)\b|\n@\w/)
  return next < 0 ? rest : rest.slice(0, next + 1)
}

/** Of Flask and its like. */
function decoratedRoutes(text: string): (match: RegExpExecArray) => readonly Found[] {
  return ({ 1: name = '', 3: path = '', 4: rest = '', index }) => {
    const named = [...rest.matchAll(/["'](GET|POST|PUT|PATCH|DELETE)["']/g)].map(([, method = '']) => method)
    const methods = name === 'route' ? (named.length > 0 ? named : ['GET']) : [methodOf(name)]
    return methods.map((method) => ({ method, path, receiver: 'app', handler: handlerAt(text, index) }))
  }
}

/** Of Go's `net/http`: a handler that looks at the method answers several. */
function handledRoutes(text: string): (match: RegExpExecArray) => readonly Found[] {
  return ({ 1: named, 2: path = '', index }) => {
    const rest = text.slice(index + 1, index + 1_500)
    const [handler = ''] = rest.split(/\bHandle(?:Func)?\(/, 1)
    const told = [...handler.matchAll(/\bMethod(Post|Put|Patch|Delete)\b|"(POST|PUT|PATCH|DELETE)"/g)]
    const methods = told.map(([, one = '', other = '']) => (one || other).toUpperCase())
    const all = named === undefined ? ['GET', ...new Set(methods)] : [named]
    return all.map((method) => ({ method, path, receiver: 'app', handler }))
  }
}

function methodOf(name: string): string {
  const upper = name.toUpperCase()
  return upper === 'ALL' ? 'GET' : upper === 'DEL' ? 'DELETE' : upper
}

/** `request.method === 'POST' && url === '/notes'`: whatever methods stand on that line, else a GET. */
function comparedRoutes(text: string, match: RegExpExecArray): readonly Found[] {
  const [, , named, path = ''] = match
  const start = text.lastIndexOf('\n', match.index) + 1
  const end = text.indexOf('\n', match.index)
  const line = text.slice(start, end < 0 ? undefined : end)
  const methods =
    named === undefined
      ? [...line.matchAll(/['"](GET|POST|PUT|PATCH|DELETE)['"]/g)].map(([, method = '']) => method)
      : [named]
  return (methods.length === 0 ? ['GET'] : methods).map((method) => ({
    method,
    path,
    receiver: 'app',
    handler: handlerAt(text, match.index),
  }))
}

/** Prefixes under which a file's router is used: those that name the file, else all of them. */
function prefixesOf(
  { path, text }: SourceFile,
  mounts: readonly { readonly prefix: string; readonly what: string }[],
): readonly string[] {
  if (/\.listen\(/.test(text) || mounts.length === 0) return []
  const name = basename(path, extname(path))
    .replace(/[._-]?(?:routes?|router|controller|api)$/i, '')
    .toLowerCase()
  const naming =
    name === '' || name === 'index'
      ? []
      : mounts.filter(
          ({ what, prefix }) => what.toLowerCase().includes(name) || prefix.toLowerCase().includes(name),
        )
  return [...new Set((naming.length > 0 ? naming : mounts.slice(0, 4)).map(({ prefix }) => prefix))]
}

function joined(prefix: string, path: string): string {
  return `${prefix.replace(/\/$/, '')}${path === '/' ? '' : path}` || '/'
}
