// Goes through pages: reads them, sends their forms, and reads again what the forms may have changed.
import type { Person } from '../flow/made-values.ts'
import type { Atlas, FoundForm } from './atlas.ts'
import { type Account, bodyOf, fillIn, signatureOf } from './form.ts'
import type { Page } from './page.ts'
import { foldPath } from './routes.ts'
import { isStream, type Journey, type Purpose, type Visit, type Visitor } from './visitor.ts'

/** Pages that are read again after a write. */
const readBacks = 3
const maxForms = 14

export class Tour {
  readonly journey: Journey
  readonly #atlas: Atlas
  readonly #seed: number
  /** What an address that leads nowhere shows. */
  #nothing: string | undefined
  #firstWrite: FoundForm | undefined

  constructor(journey: Journey, atlas: Atlas, seed: number) {
    this.journey = journey
    this.#atlas = atlas
    this.#seed = seed
  }

  /** The front page, and what is usual, so long as it is no page that every address shows. */
  async begin(visitor: Visitor, probes: readonly string[]): Promise<void> {
    this.#atlas.addLink('/', 0)
    await this.look(visitor)
    const front = this.#lastAt('/')
    const stray = await this.journey.ask(visitor, { path: '/no-such-page-of-drover', purpose: 'failed' })
    this.#nothing = stray !== undefined && stray.answer.status < 400 ? stray.answer.text : undefined
    for (const path of probes) {
      if (this.#lastAt(path) !== undefined) continue
      const visit = await this.journey.ask(visitor, { path, purpose: 'probe' })
      if (visit === undefined) return
      const isSomething = visit.answer.status < 400 && !this.#isNothing(visit, front)
      if (!isSomething) this.journey.judge(visit, 'failed')
      else this.#atlas.note(visit, 1)
    }
  }

  #isNothing({ answer }: Visit, front: Visit | undefined): boolean {
    return answer.text !== '' && (answer.text === this.#nothing || answer.text === front?.answer.text)
  }

  /** Reads pages until no new link is left, and the scripts they load. */
  async look(visitor: Visitor): Promise<void> {
    for (;;) {
      const link = this.#atlas.nextLink()
      if (link === undefined) {
        if (await this.#readScript(visitor)) continue
        return
      }
      const visit = await this.journey.ask(visitor, { path: link.path, purpose: 'read' })
      if (visit === undefined) return
      const isPlain = visit.page !== undefined || visit.json !== undefined
      if (!isPlain && visit.answer.status === 200 && visit.answer.text.length > 100_000)
        this.journey.judge(visit, 'failed')
      this.#atlas.note(visit, link.depth)
    }
  }

  async #readScript(visitor: Visitor): Promise<boolean> {
    const [path] = this.#atlas.scripts
    if (path === undefined || this.journey.isOver) return false
    this.#atlas.scripts.delete(path)
    if (this.#lastAt(path) !== undefined) return true
    const visit = await this.journey.ask(visitor, { path, purpose: 'failed' })
    if (visit?.answer.status === 200) this.#atlas.noteScript(visit.answer.text)
    return true
  }

  /** Sends every form that is no end, and looks at what came of it. */
  async fillForms(visitor: Visitor): Promise<void> {
    for (let count = 0; count < maxForms && !this.journey.isOver; count += 1) {
      const found = this.#atlas.nextForm(['other', 'search'])
      if (found === undefined) return
      const visit = await this.submit(
        visitor,
        found,
        found.form.method === 'POST' ? 'write' : 'read',
        visitor.account,
      )
      if (visit !== undefined) await this.readBack(visitor, visit, found.page)
      if (visit?.purpose === 'write' && visit.answer.status < 400) this.#firstWrite ??= found
      await this.look(visitor)
    }
  }

  /** What somebody did with success, done by another: with the same form, who knows what both of them see. */
  async repeat(visitor: Visitor): Promise<Visit | undefined> {
    const write = this.#firstWrite
    if (write === undefined) return undefined
    const visit = await this.submit(visitor, write, 'write', visitor.account)
    if (visit !== undefined) await this.readBack(visitor, visit, write.page)
    return visit
  }

  /** From a fresh look at its page, so that its hidden fields are this visitor's. */
  async submit(
    visitor: Visitor,
    found: FoundForm,
    purpose: Purpose,
    account: Account | undefined,
  ): Promise<Visit | undefined> {
    const page =
      this.#freshPage(visitor, found.page) ??
      (await this.journey.ask(visitor, { path: found.page, purpose: 'read' }))
    const form = page?.page?.forms.find(
      (each) => signatureOf(each, foldPath(this.#targetOf(each, found))) === found.signature,
    )
    if (page === undefined || form === undefined) return undefined
    const who: Person = { seed: this.#seed, name: visitor.name }
    const pairs = fillIn(form, { who, account })
    const target = this.#targetOf(form, found)
    const needs = [page.index]
    if (form.method === 'GET') {
      const query = new URLSearchParams(
        pairs.map(([name, value]): [string, string] => [name, value]),
      ).toString()
      return this.journey.ask(visitor, { path: `${target.split('?')[0]}?${query}`, purpose, needs })
    }
    const csrf = page.page?.csrfMeta
    const headers = csrf === undefined ? {} : { 'x-csrf-token': csrf }
    return this.journey.ask(visitor, {
      method: 'POST',
      path: target,
      body: bodyOf(form, pairs),
      headers,
      purpose,
      needs,
    })
  }

  #targetOf({ action }: { readonly action: string }, { page, target }: FoundForm): string {
    return action === '' ? target : (this.journey.pathOf(action, page) ?? target)
  }

  /** The page, if it is the last thing that this visitor saw. */
  #freshPage({ name }: Visitor, path: string): Visit | undefined {
    const last = this.journey.visits.findLast(({ step }) => step.client === name)
    return last?.step.path === path && last.step.method === 'GET' && last.purpose !== 'failed'
      ? last
      : undefined
  }

  async follow(visitor: Visitor, visit: Visit): Promise<Visit | undefined> {
    const landing = await this.journey.follow(visitor, visit, 'read-back')
    if (landing !== undefined) this.#atlas.note(landing, 2)
    return landing
  }

  /** Where the write leads, the page it came from, and pages near it. */
  async readBack(visitor: Visitor, write: Visit, page: string | undefined): Promise<void> {
    if (write.answer.status >= 500) return
    const landing = await this.follow(visitor, write)
    const near = this.#near(visitor, write)
    const paths = [...new Set([...(page === undefined ? [] : [page]), ...near])].filter(
      (path) => path !== landing?.step.path || landing === write,
    )
    for (const path of paths.slice(0, readBacks)) await this.readAgain(visitor, path, write)
  }

  /** Undefined for a stream of events as well: the first that was opened stays open. */
  async readAgain(visitor: Visitor, path: string, write: Visit): Promise<Visit | undefined> {
    const last = this.#lastAt(path)
    if (last !== undefined && isStream(last)) return undefined
    const visit = await this.journey.ask(visitor, { path, purpose: 'read-back', needs: [write.index] })
    if (visit !== undefined) this.#atlas.note(visit, 2)
    return visit
  }

  /** What was read of the same corner of the app, then its front page. */
  #near({ name }: Visitor, write: Visit): readonly string[] {
    const parts = write.step.path.split(/[/?]/).slice(1)
    const corner = parts[0] === 'api' ? `/api/${parts[1] ?? ''}` : `/${parts[0] ?? ''}`
    const read = this.journey.visits.filter(({ step, answer, purpose }) => {
      return (
        step.client === name &&
        step.method === 'GET' &&
        answer.status === 200 &&
        purpose !== 'failed' &&
        !step.path.includes('?')
      )
    })
    const paths = [...new Set(read.map(({ step }) => step.path))]
    const isNear = (path: string) => corner !== '/' && (path === corner || path.startsWith(`${corner}/`))
    return [...paths.filter(isNear), ...paths.filter((path) => path === '/')].slice(0, readBacks)
  }

  #lastAt(path: string): Visit | undefined {
    return this.journey.visits.findLast(({ step }) => step.path === path && step.method === 'GET')
  }

  pageOf(path: string | undefined): Page | undefined {
    return path === undefined ? undefined : this.#lastAt(path)?.page
  }
}
