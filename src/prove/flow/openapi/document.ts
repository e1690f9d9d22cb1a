// An OpenAPI 3.0 or 3.1 description, with its local references followed.
import { isMapping, type Mapping } from '../../../base/mapping.ts'
import { flowError } from '../reading.ts'
import { parseSource } from '../source.ts'

export interface Operation {
  readonly method: string
  /** As described: `/pets/{petId}`. */
  readonly path: string
  readonly operation: Mapping
  /** Of the path and of the operation, references followed; the operation's win. */
  readonly parameters: readonly Mapping[]
}

export interface Description {
  readonly root: Mapping
  readonly operations: readonly Operation[]
  /** Before every path: the path of the first server that is not somewhere else by name. */
  readonly basePath: string
}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] as const

/** OPTION_INVALID in one line where the text is no OpenAPI 3 description. */
export function parseDescription(text: string, name: string): Description {
  const root = parseSource(text, name).value
  if (!isMapping(root) || !isMapping(root['paths']))
    throw flowError(name, 'Cannot use it as a description: wanted OpenAPI 3 with paths')
  if (typeof root['openapi'] !== 'string' || !root['openapi'].startsWith('3.'))
    throw flowError(name, 'Cannot use it: wanted openapi 3.0 or 3.1')
  const operations = Object.entries(root['paths']).flatMap(([path, item]) => operationsOf(root, path, item))
  return { root, operations, basePath: basePathOf(root) }
}

function operationsOf(root: Mapping, path: string, written: unknown): readonly Operation[] {
  const item = follow(root, written)
  if (!isMapping(item)) return []
  return methods.flatMap((method) => {
    const operation = item[method]
    if (!isMapping(operation)) return []
    const named = new Map<string, Mapping>()
    for (const raw of [...listOf(item['parameters']), ...listOf(operation['parameters'])]) {
      const parameter = follow(root, raw)
      if (isMapping(parameter))
        named.set(`${String(parameter['in'])} ${String(parameter['name'])}`, parameter)
    }
    return [{ method: method.toUpperCase(), path, operation, parameters: [...named.values()] }]
  })
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** What a value is, or what its local `$ref` leads to; undefined where that leads nowhere, elsewhere or round in circles. */
export function follow(root: Mapping, value: unknown): unknown {
  let at = value
  for (let hops = 0; hops < 20; hops += 1) {
    if (!isMapping(at) || typeof at['$ref'] !== 'string') return at
    at = pointed(root, at['$ref'])
  }
  return undefined
}

/** RFC 6901. */
function pointed(root: Mapping, ref: string): unknown {
  if (!ref.startsWith('#/')) return undefined
  let at: unknown = root
  for (const part of ref.slice(2).split('/')) {
    const key = unescaped(part)
    at = at !== null && typeof at === 'object' && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined
  }
  return at
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return part
  }
}

function basePathOf(root: Mapping): string {
  const [first] = listOf(root['servers'])
  if (!isMapping(first) || typeof first['url'] !== 'string') return ''
  const variables = isMapping(first['variables']) ? first['variables'] : {}
  const url = first['url'].replaceAll(/\{([^}]+)\}/g, (written, name: string) => {
    const variable = variables[name]
    return isMapping(variable) ? String(variable['default']) : written
  })
  const path = URL.parse(url, 'http://app/')?.pathname ?? ''
  return path.replace(/\/+$/, '')
}
