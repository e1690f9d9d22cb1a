// An OpenAPI description → write, read back, delete, read again: for each resource, what a server that forgets would show.
import { basename } from 'node:path'
import type { HttpStep } from '../flow.ts'
import type { Person } from '../made-values.ts'
import { flowError, type Reading, readWithin } from '../reading.ts'
import { isMapping } from '../../../base/mapping.ts'
import { type Description, listOf, type Operation, parseDescription } from './document.ts'
import { idOf, tokenOf } from './identity.ts'
import { requestFor } from './request.ts'

const fileBytes = 20 * 2 ** 20

export interface OpenApiOptions {
  readonly seed: number
  /** Above it, the resources that come last in the description are left out. */
  readonly maxSteps: number
}

export const openApiOptions: OpenApiOptions = { seed: 1, maxSteps: 120 }

/** OPTION_INVALID in one line where the file describes nothing that can be asked. */
export async function readOpenApiFile(
  path: string,
  options: OpenApiOptions = openApiOptions,
): Promise<Reading> {
  return parseOpenApi(await readWithin(path, fileBytes), basename(path), options)
}

export function parseOpenApi(text: string, name: string, options: OpenApiOptions = openApiOptions): Reading {
  const planner = new Planner(parseDescription(text, name), name, options)
  const reading = planner.plan()
  if (reading.flow.steps.length === 0)
    throw flowError(name, `Cannot make a flow of it: ${reading.skipped[0] ?? 'it has no operations'}`)
  return reading
}

class Planner {
  readonly #description: Description
  readonly #source: string
  readonly #options: OpenApiOptions
  readonly #who: Person
  readonly #steps: HttpStep[] = []
  readonly #skipped: string[] = []
  readonly #done = new Set<Operation>()
  readonly #bound = new Map<string, string>()
  #headers: Readonly<Record<string, string>> = {}

  constructor(description: Description, source: string, options: OpenApiOptions) {
    this.#description = description
    this.#source = source
    this.#options = options
    this.#who = { seed: options.seed, name: 'visitor' }
  }

  plan(): Reading {
    this.#logIn()
    const paths = [...new Set(this.#description.operations.map(({ path }) => path))]
    for (const path of paths) if (!/\{[^}]+\}/.test(path)) this.#resource(path)
    // What is left hangs on parameters that have examples of their own.
    for (const path of paths.filter((each) => !this.#isDone(each))) this.#resource(path)
    const names = new Set(this.#steps.map(({ client }) => client))
    return { flow: { clients: [...names], steps: this.#steps }, skipped: [...new Set(this.#skipped)] }
  }

  #isDone(path: string): boolean {
    return this.#description.operations.every((each) => each.path !== path || this.#done.has(each))
  }

  /** Registers and logs in where the description has both as operations; says what it cannot. */
  #logIn(): void {
    const { root, operations } = this.#description
    const register = operations.find(
      ({ method, path }) => method === 'POST' && /\/(?:register|sign-?up)\/?$/i.test(path),
    )
    const login = operations.find(
      ({ method, path }) =>
        method === 'POST' && /\/(?:log-?in|sign-?in|token|auth(?:enticate)?|sessions?)\/?$/i.test(path),
    )
    if (register !== undefined) this.#add(register)
    const step = login === undefined ? undefined : this.#add(login)
    const schemes = securitySchemes(this.#description)
    const token = login === undefined ? undefined : tokenOf(root, login)
    if (login !== undefined && step !== undefined && token !== undefined) {
      this.#capture(step, 'token', token)
      this.#headers = { authorization: 'Bearer ${token}' }
    } else if (schemes.length > 0 && login === undefined)
      this.#skipped.push(`security ${schemes.join(', ')}: no operation logs in, so nothing proves who asks`)
  }

  /** A collection and its item: list, create, list, read, change, read, what is below it, delete, read, list. */
  #resource(path: string): void {
    const of = (method: string, at = path) => this.#find(method, at)
    const item = this.#itemOf(path)
    const list = of('GET')
    const create = of('POST')
    if (list !== undefined && create !== undefined) this.#add(list)
    if (create !== undefined) this.#create(create, item)
    const change = of('PUT') ?? of('PATCH')
    if (change !== undefined) this.#add(change)
    if (list !== undefined) this.#add(list, create !== undefined || change !== undefined ? 2 : 1)
    if (item !== undefined) this.#item(item)
    const remove = of('DELETE')
    if (remove !== undefined) this.#add(remove)
    const isGone = remove !== undefined || (item !== undefined && of('DELETE', item) !== undefined)
    if (list !== undefined && isGone) this.#add(list)
  }

  #create(create: Operation, item: string | undefined): void {
    const isNew = !this.#done.has(create)
    const step = this.#add(create)
    if (step === undefined || item === undefined || !isNew) return
    const parameter = /\{([^}]+)\}$/.exec(item)?.[1] ?? 'id'
    const capture = idOf(this.#description.root, create, parameter)
    const name = this.#freeName(parameter)
    this.#capture(step, name, capture)
    // A Location is the whole path, so that nothing before it may stand.
    this.#bound.set(capture.from === 'header' ? `location ${item}` : item, `\${${name}}`)
  }

  #item(item: string): void {
    const read = this.#find('GET', item)
    const write = this.#find('PUT', item)
    const created = this.#bound.has(item) || this.#bound.has(`location ${item}`)
    if (!created && write !== undefined) this.#add(write)
    if (read !== undefined) this.#add(read)
    for (const method of ['PATCH', 'PUT']) {
      const change = this.#find(method, item)
      if (change === undefined || this.#done.has(change)) continue
      const step = this.#add(change)
      if (step !== undefined && read !== undefined) this.#add(read)
    }
    for (const { path } of this.#description.operations)
      if (path.startsWith(`${item}/`) && !/\{/.test(path.slice(item.length))) this.#resource(path)
    const remove = this.#find('DELETE', item)
    if (remove === undefined || this.#done.has(remove)) return
    const step = this.#add(remove)
    if (step !== undefined && read !== undefined) this.#add(read)
  }

  #find(method: string, path: string): Operation | undefined {
    return this.#description.operations.find((each) => each.method === method && each.path === path)
  }

  #itemOf(collection: string): string | undefined {
    const isItem = ({ path }: Operation) =>
      path.startsWith(`${collection}/`) && /^\/\{[^}/]+\}$/.test(path.slice(collection.length))
    return this.#description.operations.find(isItem)?.path
  }

  /** A write is done once, a read as often as it is asked for; `times` above 1 repeats it. */
  #add(each: Operation, times = 1): HttpStep | undefined {
    const isRead = each.method === 'GET' || each.method === 'HEAD'
    if (this.#done.has(each) && !isRead) return undefined
    if (isRead && this.#done.has(each) && this.#isLast(each)) return undefined
    if (this.#steps.length + times > this.#options.maxSteps) {
      this.#skipped.push(`${each.method} ${each.path}: the flow has ${this.#options.maxSteps} steps already`)
      return undefined
    }
    const made = this.#request(each)
    if (typeof made === 'string') {
      this.#skipped.push(made)
      return undefined
    }
    this.#done.add(each)
    this.#steps.push(...Array.from({ length: times }, () => made))
    return made
  }

  #isLast(each: Operation): boolean {
    return this.#steps.at(-1)?.origin === `${each.method} ${each.path} in ${this.#source}`
  }

  #request(each: Operation): HttpStep | string {
    const context = {
      description: this.#description,
      who: this.#who,
      source: this.#source,
      bound: this.#bound,
      headers: this.#headers,
    }
    const located = this.#bound.get(`location ${each.path}`)
    if (located === undefined) return requestFor(each, context)
    const made = requestFor(each, { ...context, bound: new Map([...this.#bound, [each.path, 'id']]) })
    return typeof made === 'string' ? made : { ...made, path: located }
  }

  #freeName(parameter: string): string {
    const plain = parameter.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_')
    const taken = new Set(this.#steps.flatMap(({ capture }) => Object.keys(capture)))
    if (!taken.has(plain)) return plain
    const free = Array.from({ length: taken.size + 1 }, (_, count) => `${plain}${count + 2}`)
    return free.find((name) => !taken.has(name)) ?? plain
  }

  #capture(step: HttpStep, name: string, capture: HttpStep['capture'][string]): void {
    const at = this.#steps.lastIndexOf(step)
    this.#steps[at] = { ...step, capture: { ...step.capture, [name]: capture } }
  }
}

function securitySchemes({ root, operations }: Description): readonly string[] {
  const wanted = [root, ...operations.map(({ operation }) => operation)].flatMap((at) =>
    listOf(at['security']),
  )
  return [...new Set(wanted.flatMap((each) => (isMapping(each) ? Object.keys(each) : [])))]
}
