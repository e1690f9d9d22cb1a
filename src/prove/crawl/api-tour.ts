// Goes through a JSON API: creates, reads back, changes, and leaves what it created to be deleted at the end.
import { isMapping, type Mapping } from '../../base/mapping.ts'
import { leavesOf } from '../flow/capturing.ts'
import type { StepBody } from '../flow/flow.ts'
import { mark, type Person } from '../flow/made-values.ts'
import { anyBody, bodyLike, bodyOfKeys, idIn, itemsOf, missingKeys } from './api-body.ts'
import { type Atlas, nounOf } from './atlas.ts'
import { isLogin, isRegister } from './entering.ts'
import { fileFor, isDestructive, isLogout } from './form.ts'
import { isParameter, matchesPattern } from './routes.ts'
import type { Call } from './script.ts'
import type { Tour } from './tour.ts'
import type { Visit, Visitor } from './visitor.ts'

const maxCollections = 8
const maxActions = 10

interface Created {
  readonly collection: string
  readonly item: string
  readonly write: Visit
  readonly hasItem: boolean
}

export class ApiTour {
  readonly #tour: Tour
  readonly #atlas: Atlas
  readonly #seed: number
  readonly #created: Created[] = []
  readonly #done = new Set<string>()

  constructor(tour: Tour, atlas: Atlas, seed: number) {
    this.#tour = tour
    this.#atlas = atlas
    this.#seed = seed
  }

  async run(visitor: Visitor): Promise<void> {
    for (const path of this.#collections().slice(0, maxCollections)) await this.#collection(visitor, path)
    await this.#actions(visitor)
    await this.#readItems(visitor)
  }

  /** Whatever answered with JSON and a list, and what scripts or the framework say takes a POST. */
  #collections(): readonly string[] {
    const listed = this.#tour.journey.visits.filter(({ json, answer, step, purpose }) => {
      const isList = Array.isArray(json) || itemsOf(json).length > 0 || hasEmptyList(json)
      return answer.status === 200 && step.method === 'GET' && purpose !== 'failed' && isList
    })
    const posted = [...this.#atlas.calls.values()].filter(
      (call) => call.method === 'POST' && isPlain(call) && !isAccess(call) && this.#hasItems(call.path),
    )
    const paths = [
      ...posted.map(({ path }) => path),
      ...listed.map(({ step }) => step.path.split('?')[0] ?? '/'),
    ]
    return [...new Set(paths)].filter((path) => !/\/\d+$/.test(path))
  }

  /** `POST /todos` creates todos where `/todos` or `/todos/:id` is something, too. */
  #hasItems(path: string): boolean {
    const calls = [...this.#atlas.calls.values()]
    return calls.some(
      (call) =>
        (call.method === 'GET' && call.path === path) ||
        (call.path.startsWith(`${path}/`) && isParameter(call.path.slice(path.length + 1))),
    )
  }

  async #collection(visitor: Visitor, path: string): Promise<void> {
    const journey = this.#tour.journey
    const list = await journey.ask(visitor, { path, purpose: 'read' })
    if (list === undefined) return
    if (list.answer.status >= 400) journey.judge(list, 'failed')
    this.#atlas.note(list, 2)
    const sample = itemsOf(list.json).find((item) => idIn(item) !== undefined) ?? itemsOf(list.json)[0]
    const write = await this.#write(visitor, 'POST', path, sample)
    if (write === undefined) return
    await this.#tour.readAgain(visitor, path, write)
    const id = idIn(write.json) ?? lastSegment(write.answer.headers['location']?.[0])
    if (id === undefined) return
    this.#atlas.ids.set(nounOf(path), id)
    const item = `${path.replace(/\/$/, '')}/${encodeURIComponent(String(id))}`
    const read = await this.#tour.readAgain(visitor, item, write)
    const hasItem = read !== undefined && read.answer.status === 200
    this.#created.push({ collection: path, item, write, hasItem })
    await this.#change(
      visitor,
      { collection: path, item, write, hasItem },
      sample ?? (isMapping(write.json) ? write.json : undefined),
    )
  }

  /** PATCH or PUT, as is known; both are tried where nothing is. */
  async #change(
    visitor: Visitor,
    { collection, item, write, hasItem }: Created,
    sample: Mapping | undefined,
  ): Promise<void> {
    const known = [...this.#atlas.calls.values()].filter(
      ({ path }) =>
        path.startsWith(`${collection}/`) &&
        isParameter(path.slice(collection.length + 1)) &&
        !path.slice(collection.length + 1).includes('/'),
    )
    const changes = known
      .map(({ method }) => method)
      .filter((method) => method === 'PUT' || method === 'PATCH')
    for (const method of changes.length > 0 ? [...new Set(changes)] : hasItem ? ['PATCH', 'PUT'] : []) {
      const visit = await this.#write(visitor, method, item, sample, [write.index], 'changer')
      if (visit === undefined) continue
      await this.#tour.readAgain(visitor, hasItem ? item : collection, visit)
      if (changes.length === 0) return
    }
  }

  /** Calls that are no collection: `POST /counter/increment`, `POST /todos/:id/toggle`, `PUT /settings`. */
  async #actions(visitor: Visitor): Promise<void> {
    const calls = [...this.#atlas.calls.values()].filter(
      (call) =>
        !['GET', 'DELETE'].includes(call.method) &&
        !isAccess(call) &&
        !this.#done.has(`${call.method} ${call.path}`),
    )
    for (const call of calls.slice(0, maxActions)) {
      const path = this.#filled(call.path)
      if (path === undefined || isDestructive(path) || isLogout(path)) continue
      const needs = this.#created
        .filter(({ item }) => path.startsWith(`${item}/`))
        .map(({ write }) => write.index)
      const reads = [path, ...parentsOf(path)].filter((each) => this.#isRead(each))
      // A cache keeps what was read before the write.
      for (const read of reads) await this.#tour.journey.ask(visitor, { path: read, purpose: 'read' })
      const visit = await this.#write(visitor, call.method, path, undefined, needs)
      if (visit === undefined) continue
      await this.#tour.readBack(visitor, visit, undefined)
      for (const read of reads) await this.#tour.readAgain(visitor, read, visit)
      if (call.method === 'POST') continue
      const change = await this.#write(
        visitor,
        call.method,
        path,
        undefined,
        [...needs, visit.index],
        'changer',
      )
      if (change === undefined) continue
      for (const read of [...reads, ...reads]) await this.#tour.readAgain(visitor, read, change)
    }
  }

  #isRead(path: string): boolean {
    return (
      [...this.#atlas.calls.values()].some(
        (call) => call.method === 'GET' && matchesPattern(call.path, path),
      ) ||
      this.#tour.journey.visits.some(
        ({ step, answer }) => step.path === path && step.method === 'GET' && answer.status === 200,
      )
    )
  }

  /** `GET /todos/:id` of what is there. */
  async #readItems(visitor: Visitor): Promise<void> {
    for (const { method, path } of this.#atlas.calls.values()) {
      if (method !== 'GET' || isPlain({ path })) continue
      const filled = this.#filled(path)
      if (
        filled === undefined ||
        isLogout(filled) ||
        this.#tour.journey.visits.some(({ step }) => step.path === filled)
      )
        continue
      const visit = await this.#tour.journey.ask(visitor, { path: filled, purpose: 'read' })
      if (visit !== undefined) this.#atlas.note(visit, 3)
    }
  }

  /** Parameters replaced by ids that were seen. */
  #filled(path: string): string | undefined {
    const whole: string[] = []
    for (const segment of path.split('/')) {
      const noun = nounOf(whole.join('/'))
      const id =
        this.#atlas.ids.get(`=${segment.replaceAll(/\W/g, '').toLowerCase()}`) ??
        this.#atlas.ids.get(noun) ??
        this.#atlas.ids.get(segment.replaceAll(/\W|_?id$/gi, '').toLowerCase()) ??
        1
      whole.push(isParameter(segment) ? encodeURIComponent(String(id)) : segment)
    }
    const filled = whole.join('/')
    return filled.startsWith('/') && !/[{}[\]*]/.test(filled) ? filled : undefined
  }

  /** Tries what it should be sent, best guess first; undefined where nothing is taken. */
  async #write(
    visitor: Visitor,
    method: string,
    path: string,
    sample: Mapping | undefined,
    needs: readonly number[] = [],
    writer = '',
  ): Promise<Visit | undefined> {
    const journey = this.#tour.journey
    const who: Person = { seed: this.#seed, name: `${visitor.name}${writer}` }
    const call = this.#callFor(method, path)
    this.#done.add(`${method} ${call?.path ?? path}`)
    const hinted =
      call === undefined || call.bodyKeys.length === 0
        ? undefined
        : bodyOfKeys(call.bodyKeys, who, this.#atlas.ids)
    const like = sample === undefined ? undefined : bodyLike(sample, who)
    let headers: Readonly<Record<string, string>> = {}
    const bodies = [hinted, like, anyBody(who)].filter(
      (body) => body !== undefined && Object.keys(body).length > 0,
    )
    for (let attempt = 0; attempt < Math.min(bodies.length, 4); attempt += 1) {
      const value = bodies[attempt] ?? {}
      const body = stepBody(call?.fileField, value)
      const visit = await journey.ask(visitor, { method, path, body, headers, purpose: 'write', needs })
      if (visit === undefined) return undefined
      if (visit.answer.status > 0 && visit.answer.status < 400) {
        this.#noteValues(visit)
        return visit
      }
      journey.judge(visit, 'failed')
      if (/idempotency[\s_-]?key/i.test(visit.answer.text) && headers['idempotency-key'] === undefined) {
        headers = { 'idempotency-key': `proof-${mark(who)}` }
        bodies.splice(attempt + 1, 0, value)
      }
      if (![400, 415, 422, 500].includes(visit.answer.status)) {
        if ([401, 403, 409, 429].includes(visit.answer.status)) journey.judge(visit, 'refused')
        return undefined
      }
      const more = missingKeys(visit.answer.text).filter((key) => !(key in value))
      if (more.length > 0 && attempt < 3)
        bodies.splice(attempt + 1, 0, { ...value, ...bodyOfKeys(more, who, this.#atlas.ids) })
    }
    return undefined
  }

  /** What an answer calls `sid` is what a path's `:sid` wants. */
  #noteValues({ json }: Visit): void {
    for (const { key, value } of leavesOf(json, 50)) this.#atlas.ids.set(`=${key.toLowerCase()}`, value)
  }

  #callFor(method: string, path: string): Call | undefined {
    const own = this.#atlas.calls.get(`${method} ${path}`)
    return (
      own ??
      [...this.#atlas.calls.values()].find(
        (call) => call.method === method && this.#filled(call.path) === path,
      )
    )
  }

  /** Deletes what was created, and looks whether it is gone. */
  async end(visitor: Visitor): Promise<void> {
    for (const { item, collection, hasItem, write } of this.#created) {
      const visit = await this.#tour.journey.ask(visitor, {
        method: 'DELETE',
        path: item,
        purpose: 'end',
        needs: [write.index],
      })
      if (visit === undefined || visit.answer.status >= 400) continue
      if (hasItem) await this.#tour.readAgain(visitor, item, visit)
      await this.#tour.readAgain(visitor, collection, visit)
    }
    await this.#endSingles(visitor)
  }

  /** `DELETE /session`, and what else is known to go by an address of its own. */
  async #endSingles(visitor: Visitor): Promise<void> {
    const calls = [...this.#atlas.calls.values()].filter((call) => call.method === 'DELETE')
    const ends = [...this.#atlas.calls.values()].filter(
      (call) => call.method === 'POST' && isLogout(call.path),
    )
    for (const call of [...calls, ...ends].slice(0, maxActions)) {
      const path = this.#filled(call.path)
      if (path === undefined || this.#created.some(({ item }) => item === path)) continue
      const visit = await this.#tour.journey.ask(visitor, { method: call.method, path, purpose: 'end' })
      if (visit === undefined || visit.answer.status >= 400) continue
      for (const read of [path, ...parentsOf(path)])
        if (this.#isRead(read)) await this.#tour.readAgain(visitor, read, visit)
    }
  }
}

function stepBody(fileField: string | undefined, value: Mapping): StepBody {
  if (fileField === undefined) return { kind: 'json', value }
  const parts = Object.entries(value).map(([name, each]) => ({
    name,
    value: String(each),
    filename: undefined,
    type: undefined,
  }))
  return { kind: 'multipart', parts: [...parts, fileFor(fileField, '')] }
}

function hasEmptyList(json: unknown): boolean {
  return (
    json !== null && typeof json === 'object' && Object.values(json).some((value) => Array.isArray(value))
  )
}

function isPlain({ path }: Pick<Call, 'path'>): boolean {
  return !path.split('/').some(isParameter)
}

function isAccess(call: Call): boolean {
  return isLogin(call) || isRegister(call) || isLogout(call.path)
}

function lastSegment(location: string | undefined): string | undefined {
  return location === undefined ? undefined : /([^/?#]+)\/?(?:[?#].*)?$/.exec(location)?.[1]
}

/** Of `/counter/increment`: `/counter`. */
function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(1)
  return parts.slice(0, -1).map((_, index) => `/${parts.slice(0, parts.length - 1 - index).join('/')}`)
}
