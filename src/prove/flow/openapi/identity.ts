// Where a described answer holds the id of what was created, or the token of who logged in.
import type { Capture } from '../flow.ts'
import { isMapping, type Mapping } from '../../../base/mapping.ts'
import { follow, listOf, type Operation } from './document.ts'

interface Success {
  readonly response: Mapping
  readonly schema: Mapping | undefined
}

function successOf(root: Mapping, { operation }: Operation): Success | undefined {
  const responses = isMapping(operation['responses']) ? operation['responses'] : {}
  const code =
    Object.keys(responses).find((each) => each.startsWith('2')) ??
    (responses['default'] === undefined ? undefined : 'default')
  const response = code === undefined ? undefined : follow(root, responses[code])
  if (!isMapping(response)) return undefined
  const content = isMapping(response['content']) ? response['content'] : {}
  const media = Object.entries(content).find(([type]) => /json|\*\/\*/i.test(type))?.[1]
  const schema = isMapping(media) ? follow(root, media['schema']) : undefined
  return { response, schema: isMapping(schema) ? schema : undefined }
}

/** Of `create`'s answer, what stands for `{parameter}` of the item's path; a Location stands for the whole path. */
export function idOf(root: Mapping, create: Operation, parameter: string): Capture {
  const success = successOf(root, create)
  const linked = success === undefined ? undefined : linkedPath(root, success.response, parameter)
  if (linked !== undefined) return { from: 'json', path: linked }
  const names = ['id', '_id', parameter, 'uuid', 'guid', 'key', 'slug', 'code', 'name']
  const described = propertyPath(root, success?.schema, (key) =>
    names.findIndex((name) => name.toLowerCase() === key.toLowerCase()),
  )
  if (described !== undefined) return { from: 'json', path: described }
  const headers = success?.response['headers']
  const location = isMapping(headers)
    ? Object.keys(headers).find((name) => name.toLowerCase() === 'location')
    : undefined
  return location === undefined ? { from: 'json', path: 'id' } : { from: 'header', name: 'location' }
}

export function tokenOf(root: Mapping, login: Operation): Capture | undefined {
  const names = [
    'token',
    'accesstoken',
    'access_token',
    'jwt',
    'authtoken',
    'auth_token',
    'idtoken',
    'id_token',
  ]
  const path = propertyPath(root, successOf(root, login)?.schema, (key) => names.indexOf(key.toLowerCase()))
  return path === undefined ? undefined : { from: 'json', path }
}

/** `links: { …: { parameters: { petId: $response.body#/id } } }` */
function linkedPath(root: Mapping, response: Mapping, parameter: string): string | undefined {
  const links = isMapping(response['links']) ? Object.values(response['links']) : []
  for (const written of links) {
    const link = follow(root, written)
    const parameters = isMapping(link) && isMapping(link['parameters']) ? link['parameters'] : {}
    const expression = parameters[parameter] ?? parameters[`path.${parameter}`]
    const pointer =
      typeof expression === 'string' ? /^\$response\.body#\/(.+)$/.exec(expression)?.[1] : undefined
    if (pointer !== undefined) return pointer.replaceAll('/', '.')
  }
  return undefined
}

/** The property that ranks best, from 0; those of the answer itself before those of what it wraps. */
function propertyPath(
  root: Mapping,
  schema: Mapping | undefined,
  rank: (key: string) => number,
): string | undefined {
  const own = ranked(propertiesOf(root, schema), rank)
  if (own !== undefined) return own
  for (const [key, written] of Object.entries(propertiesOf(root, schema))) {
    const inner = ranked(propertiesOf(root, follow(root, written)), rank)
    if (inner !== undefined) return `${key}.${inner}`
  }
  return undefined
}

function ranked(properties: Mapping, rank: (key: string) => number): string | undefined {
  const keys = Object.keys(properties).filter((key) => rank(key) >= 0)
  return keys.toSorted((left, right) => rank(left) - rank(right))[0]
}

function propertiesOf(root: Mapping, schema: unknown): Mapping {
  if (!isMapping(schema)) return {}
  const parts = ['allOf', 'oneOf', 'anyOf'].flatMap((key) => listOf(schema[key]))
  const all = [...parts.map((part) => shallow(follow(root, part))), shallow(schema)]
  return Object.fromEntries(all.flatMap((each) => Object.entries(each)))
}

function shallow(schema: unknown): Mapping {
  return isMapping(schema) && isMapping(schema['properties']) ? schema['properties'] : {}
}
