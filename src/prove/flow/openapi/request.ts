// A described operation as a step: its path, query, headers and body filled with examples.
import type { HttpStep, Part, StepBody } from '../flow.ts'
import type { Person } from '../made-values.ts'
import { isMapping, type Mapping } from '../../../base/mapping.ts'
import { type Description, follow, type Operation } from './document.ts'
import { exampleOf } from './example.ts'

export interface RequestContext {
  readonly description: Description
  readonly who: Person
  /** The name of the file. */
  readonly source: string
  /** What stands for a parameter of a path, by the path up to it: `/pets/{petId}` → `${petId}`. */
  readonly bound: ReadonlyMap<string, string>
  readonly headers: Readonly<Record<string, string>>
}

/** The step, or in one sentence why it cannot be made. */
export function requestFor(each: Operation, context: RequestContext): HttpStep | string {
  const path = filledPath(each, context)
  const query = filledQuery(each, context)
  const body = bodyFor(each, context)
  for (const made of [path, query, body])
    if (made !== undefined && 'missing' in made) return `${each.method} ${each.path}: ${made.missing}`
  if ('missing' in path || 'missing' in query || (body !== undefined && 'missing' in body)) return each.path
  return {
    kind: 'http',
    client: context.who.name,
    origin: `${each.method} ${each.path} in ${context.source}`,
    method: each.method,
    path: context.description.basePath + path.text + query.text,
    headers: { accept: 'application/json', ...context.headers, ...filledHeaders(each, context) },
    body: body?.body,
    capture: {},
    expect: { status: undefined, includes: undefined },
  }
}

interface Missing {
  readonly missing: string
}

function filledPath(each: Operation, context: RequestContext): { readonly text: string } | Missing {
  const whole: string[] = []
  for (const segment of each.path.split('/')) {
    const prefix = [...whole, segment].join('/')
    whole.push(segment)
    for (const [, name = ''] of segment.matchAll(/\{([^}]+)\}/g)) {
      if (valueInPath(each, context, prefix, name) === undefined)
        return { missing: `nothing creates its ${name}, and it has no example` }
    }
  }
  const text = each.path.replaceAll(/\{([^}]+)\}/g, (written, name: string, at: number) => {
    const end = each.path.indexOf('/', at)
    const prefix = end < 0 ? each.path : each.path.slice(0, end)
    return valueInPath(each, context, prefix, name) ?? written
  })
  return { text }
}

function valueInPath(
  each: Operation,
  { description, bound, who }: RequestContext,
  prefix: string,
  name: string,
): string | undefined {
  const held = bound.get(prefix)
  if (held !== undefined) return held
  const parameter = each.parameters.find((one) => one['in'] === 'path' && one['name'] === name)
  const given = parameter === undefined ? undefined : parameterExample(description.root, parameter, who, true)
  return given === undefined ? undefined : encodeURIComponent(given)
}

/** As text; `onlyGiven`: only what the description itself says. */
function parameterExample(
  root: Mapping,
  parameter: Mapping,
  who: Person,
  onlyGiven: boolean,
): string | undefined {
  const given = parameter['example'] ?? firstExample(root, parameter['examples'])
  const schema = follow(root, parameter['schema'])
  const isTold =
    isMapping(schema) &&
    ['example', 'examples', 'default', 'enum', 'const'].some((key) => schema[key] !== undefined)
  const value =
    given ?? (onlyGiven && !isTold ? undefined : exampleOf(root, schema, who, String(parameter['name'])))
  if (value === undefined || value === null) return undefined
  return Array.isArray(value) ? value.map(plain).join(',') : plain(value)
}

function firstExample(root: Mapping, examples: unknown): unknown {
  if (!isMapping(examples)) return undefined
  const first = follow(root, Object.values(examples)[0])
  return isMapping(first) ? first['value'] : undefined
}

function filledQuery(
  each: Operation,
  { description, who }: RequestContext,
): { readonly text: string } | Missing {
  const pairs: string[] = []
  for (const parameter of each.parameters.filter(
    (one) => one['in'] === 'query' && one['required'] === true,
  )) {
    const name = String(parameter['name'])
    const value = parameterExample(description.root, parameter, who, false)
    if (value === undefined) return { missing: `no example can be made of its parameter ${name}` }
    pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
  }
  return { text: pairs.length === 0 ? '' : `?${pairs.join('&')}` }
}

function filledHeaders(
  each: Operation,
  { description, who }: RequestContext,
): Readonly<Record<string, string>> {
  const required = each.parameters.filter((one) => one['in'] === 'header' && one['required'] === true)
  const pairs = required.flatMap((parameter) => {
    const value = parameterExample(description.root, parameter, who, false)
    return value === undefined ? [] : [[String(parameter['name']).toLowerCase(), value] as const]
  })
  return Object.fromEntries(pairs)
}

function bodyFor(
  each: Operation,
  { description: { root }, who }: RequestContext,
): { readonly body: StepBody } | Missing | undefined {
  const request = follow(root, each.operation['requestBody'])
  if (!isMapping(request) || !isMapping(request['content'])) return undefined
  const content = request['content']
  const types = Object.keys(content)
  const type = [/^application\/json/i, /\+json/i, /urlencoded/i, /multipart/i, /^\*\/\*/, /^text\//i].flatMap(
    (wanted) => types.find((name) => wanted.test(name)) ?? [],
  )[0]
  if (type === undefined)
    return request['required'] === true
      ? { missing: `no body of type ${types.join(' or ')} can be made` }
      : undefined
  const media = content[type]
  const value = isMapping(media)
    ? (media['example'] ?? firstExample(root, media['examples']) ?? exampleOf(root, media['schema'], who))
    : undefined
  if (value === undefined) return { missing: 'no example can be made of its body' }
  return { body: encoded(type, value, isMapping(media) ? follow(root, media['schema']) : undefined) }
}

function encoded(type: string, value: unknown, schema: unknown): StepBody {
  const fields = isMapping(value)
    ? Object.entries(value).map(([name, inner]): [string, string] => [name, plain(inner)])
    : []
  if (/urlencoded/i.test(type)) return { kind: 'form', fields: Object.fromEntries(fields) }
  if (/multipart/i.test(type))
    return { kind: 'multipart', parts: fields.map(([name, text]) => partOf(name, text, schema)) }
  if (/^text\//i.test(type)) return { kind: 'text', text: plain(value), type }
  if (/\+json/i.test(type)) return { kind: 'text', text: JSON.stringify(value), type }
  return { kind: 'json', value }
}

function partOf(name: string, value: string, schema: unknown): Part {
  const property =
    isMapping(schema) && isMapping(schema['properties']) ? schema['properties'][name] : undefined
  const isFile =
    isMapping(property) && (property['format'] === 'binary' || property['contentMediaType'] !== undefined)
  return isFile
    ? { name, value: 'a proof', filename: 'proof.txt', type: 'text/plain' }
    : { name, value, filename: undefined, type: undefined }
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
