// Requests that a page's scripts would make, by a simple look at their text.

export interface Call {
  readonly method: string
  /** `/api/todos/:id` where something is put in. */
  readonly path: string
  /** Names in the object it sends; empty where that is not visible. */
  readonly bodyKeys: readonly string[]
  /** The name of the file it takes, where it takes one. */
  readonly fileField?: string | undefined
}

const calls = new RegExp(
  [
    // fetch('/x' · axios('/x' · axios.post('/x' · $.post('/x' · api.delete('/x' · request('/x'
    String.raw`(?<![\w$])(?:fetch|request|axios|\$|jQuery|http|https|api|client|ky|ajax)(?:\.(get|post|put|patch|delete|del|getJSON|ajax|request))?`,
    String.raw`(?:<[^>]*>)?\(\s*(?:\{\s*url:\s*)?([\x60'"])([^\x60'"\n]{1,300})\2\s*(\+)?`,
  ].join(''),
  'g',
)
const opened = /\.open\(\s*['"](\w+)['"]\s*,\s*([`'"])([^`'"\n]{1,300})\2\s*(\+)?/g
const listened = /\bnew\s+EventSource\(\s*([`'"])([^`'"\n]{1,300})\1\s*(\+)?/g
const literal = /([`'"])(\/(?:api|v\d+|rest|graphql)\/[\w/.:${}-]{1,200})\1\s*(\+)?/g

export function callsIn(script: string): readonly Call[] {
  const text = script.slice(0, 500_000)
  const named = [...text.matchAll(calls)].map((match) => {
    const [written, verb, , path = '', plus] = match
    return { verb, path: withPlus(path, plus), end: match.index + written.length }
  })
  const found = [
    ...named.map(({ verb, path, end }) => callFrom(verb, path, text.slice(end, end + 400))),
    ...[...text.matchAll(opened)].map(([, verb, , path = '', plus]) =>
      callFrom(verb, withPlus(path, plus), ''),
    ),
    ...[...text.matchAll(listened)].map(([, , path = '', plus]) => callFrom('get', withPlus(path, plus), '')),
  ]
  const known = new Set(found.map(({ path }) => path))
  const mentioned = [...text.matchAll(literal)].map(([, , path = '', plus]) =>
    callFrom('get', withPlus(path, plus), ''),
  )
  const all = [...found, ...mentioned.filter(({ path }) => !known.has(path))]
  const own = all.filter(({ path }) => path.startsWith('/') && !path.startsWith('//'))
  return [...new Map(own.map((call) => [`${call.method} ${call.path}`, call])).values()]
}

function withPlus(path: string, plus: string | undefined): string {
  return plus === undefined ? path : `${path}\${x}`
}

function callFrom(verb: string | undefined, written: string, after: string): Call {
  const rest = after.split(/\b(?:fetch|axios)\b/)[0] ?? ''
  const method = (
    /\b(?:method|type):\s*['"](\w+)['"]/.exec(rest)?.[1] ??
    verbs[verb?.toLowerCase() ?? ''] ??
    'GET'
  ).toUpperCase()
  const object = /(?:JSON\.stringify\(|URLSearchParams\(|^\s*,|data:)\s*\{([^{}]*)\}/.exec(rest)?.[1]
  const isOptions = object !== undefined && /\b(?:method|headers):/.test(object)
  return {
    method,
    path: patternOf(written),
    bodyKeys: object === undefined || isOptions ? [] : keysOf(object),
  }
}

const verbs: Readonly<Record<string, string>> = {
  post: 'POST',
  put: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  del: 'DELETE',
}

/** `/api/todos/${todo.id}?x=1` → `/api/todos/:todo_id` */
function patternOf(written: string): string {
  const path = written.startsWith('/') || /^https?:|^\$\{/.test(written) ? written : `/${written}`
  return (path.split(/[?#]/)[0] ?? '')
    .replaceAll(/\$\{([^}]*)\}/g, (_, inner: string) => `:${inner.replaceAll(/\W+/g, '_') || 'id'}`)
    .replace(/(?<=.)\/$/, '')
}

/** `text, done: false` → text, done */
function keysOf(object: string): readonly string[] {
  return object.split(',').flatMap((part) => /^\s*['"]?([A-Za-z_]\w*)['"]?\s*(?::|$)/.exec(part)?.[1] ?? [])
}
