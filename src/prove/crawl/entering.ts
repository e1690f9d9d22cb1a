// Registers and logs in, by form or by JSON.
import { mark, password, textFor } from '../flow/made-values.ts'
import { bodyOfKeys, missingKeys, tokenIn } from './api-body.ts'
import type { Atlas, FoundForm } from './atlas.ts'
import type { Account } from './form.ts'
import type { Tour } from './tour.ts'
import type { Call } from './script.ts'
import type { Visit, Visitor } from './visitor.ts'

const maxTries = 8

/** Accounts that demos come with. */
const usual: readonly (readonly [string, string])[] = [
  ['admin', 'admin'],
  ['admin', 'password'],
  ['user', 'password'],
  ['demo', 'demo'],
  ['test', 'test'],
  ['user', 'user'],
]

export class Entering {
  readonly #tour: Tour
  readonly #atlas: Atlas
  readonly #seed: number
  /** Accounts that got somebody in. */
  readonly #proven: Account[] = []
  readonly #given: readonly Account[]

  constructor(tour: Tour, atlas: Atlas, seed: number, given: readonly Account[]) {
    this.#tour = tour
    this.#atlas = atlas
    this.#seed = seed
    this.#given = given
  }

  get isPossible(): boolean {
    const calls = [...this.#atlas.calls.values()]
    return (
      ['login', 'register'].some(
        (kind) => this.#atlas.formOf(kind === 'login' ? 'login' : 'register') !== undefined,
      ) || calls.some((call) => isRegister(call) || isLogin(call))
    )
  }

  async enter(visitor: Visitor): Promise<void> {
    const account = this.#newAccount(visitor)
    const isRegistered =
      (await this.#registerByForm(visitor, account)) || (await this.#registerByCall(visitor, account))
    if (isRegistered) visitor.account = account
    const accounts = isRegistered ? [account] : this.#guesses(visitor)
    const login = this.#atlas.formOf('login')
    if (login !== undefined && !visitor.hasEntered)
      await this.#logIn(visitor, accounts, (each) => this.#byForm(visitor, login, each))
    const call = [...this.#atlas.calls.values()].find(isLogin)
    if (call !== undefined && !visitor.hasEntered)
      await this.#logIn(visitor, accounts, (each) => this.#byCall(visitor, call, each))
  }

  #newAccount(visitor: Visitor): Account {
    const who = { seed: this.#seed, name: visitor.name }
    return { user: mark(who), email: textFor('email', who), password }
  }

  async #registerByForm(visitor: Visitor, account: Account): Promise<boolean> {
    const found = this.#atlas.formOf('register')
    if (found === undefined) return false
    const visit = await this.#tour.submit(visitor, found, 'enter', account)
    if (visit === undefined || !isAccepted(visit, found)) return false
    const landing = await this.#tour.follow(visitor, visit)
    visitor.hasEntered =
      landing?.page !== undefined && !showsLogin(landing) && !/log-?in|sign-?in/i.test(landing.step.path)
    return true
  }

  async #registerByCall(visitor: Visitor, account: Account): Promise<boolean> {
    const call = [...this.#atlas.calls.values()].find(isRegister)
    if (call === undefined) return false
    const visit = await this.#send(visitor, call, account)
    if (visit === undefined) return false
    this.#takeToken(visitor, visit)
    return true
  }

  async #logIn(
    visitor: Visitor,
    accounts: readonly Account[],
    attempt: (account: Account) => Promise<boolean>,
  ): Promise<void> {
    for (const account of accounts.slice(0, maxTries)) {
      if (!(await attempt(account))) continue
      visitor.account = account
      visitor.hasEntered = true
      this.#proven.push(account)
      return
    }
    // Being turned away again and again is what a limiter looks for.
    const tries = this.#tour.journey.visits.filter(({ step, answer, purpose }) => {
      return step.client === visitor.name && purpose === 'failed' && [401, 403, 429].includes(answer.status)
    })
    for (const visit of tries.filter(({ step }) => step.method === 'POST').slice(-maxTries))
      this.#tour.journey.judge(visit, 'refused')
  }

  async #byForm(visitor: Visitor, found: FoundForm, account: Account): Promise<boolean> {
    const visit = await this.#tour.submit(visitor, found, 'enter', account)
    if (visit === undefined || !isAccepted(visit, found)) {
      if (visit !== undefined) this.#tour.journey.judge(visit, 'failed')
      return false
    }
    const landing = await this.#tour.follow(visitor, visit)
    const isIn = landing === undefined || !showsLogin(landing) || landing.step.path.split('?')[0] === '/'
    if (!isIn) this.#tour.journey.judge(visit, 'failed')
    return isIn
  }

  async #byCall(visitor: Visitor, call: Call, account: Account): Promise<boolean> {
    const visit = await this.#send(visitor, call, account)
    if (visit !== undefined) this.#takeToken(visitor, visit)
    return visit !== undefined
  }

  #takeToken(visitor: Visitor, { json }: Visit): void {
    visitor.token = tokenIn(json) ?? visitor.token
  }

  /** With the names that the script uses, else all that are usual; once more with what a refusal asks for. */
  async #send(visitor: Visitor, call: Call, account: Account): Promise<Visit | undefined> {
    const who = { seed: this.#seed, name: visitor.name }
    const names =
      call.bodyKeys.length > 0
        ? call.bodyKeys
        : ['username', 'email', 'password', ...(isRegister(call) ? ['name'] : [])]
    const fields = (keys: readonly string[]) => ({
      ...bodyOfKeys(keys, who, new Map()),
      ...accountFields(keys, account),
    })
    const ask = (keys: readonly string[]) =>
      this.#tour.journey.ask(visitor, {
        method: 'POST',
        path: call.path,
        body: { kind: 'json', value: fields(keys) },
        purpose: 'enter',
      })
    let visit = await ask(names)
    if (visit !== undefined && visit.answer.status >= 400) {
      this.#tour.journey.judge(visit, 'failed')
      const more = missingKeys(visit.answer.text).filter((key) => !names.includes(key))
      if (more.length === 0 || visit.answer.status === 404) return undefined
      visit = await ask([...names, ...more])
    }
    if (visit === undefined || visit.answer.status < 400) return visit
    this.#tour.journey.judge(visit, 'failed')
    return undefined
  }

  /** Given ones, then those that the login page tells, then usual ones; those of somebody else already in come last. */
  #guesses(visitor: Visitor): readonly Account[] {
    const page = this.#tour.pageOf(this.#atlas.formOf('login')?.page)
    const told = page === undefined ? [] : [...pairsIn(page.text), ...neighbours(page.emphasized)]
    const accounts = [
      ...this.#given,
      ...[...told, ...usual].map(([user, secret]) => ({ user, email: user, password: secret })),
    ]
    const isTaken = (account: Account) =>
      visitor.name !== 'visitor' && this.#proven.some(({ user }) => user === account.user)
    return [
      ...accounts.filter((account) => !isTaken(account)).slice(0, maxTries - 1),
      ...accounts.filter(isTaken).slice(0, 1),
    ]
  }
}

export function isRegister({ method, path }: Call): boolean {
  return method === 'POST' && /\/(?:register|registration|sign-?up)$/i.test(path)
}

export function isLogin({ method, path }: Call): boolean {
  return method === 'POST' && /\/(?:log-?in|sign-?in|auth|authenticate|sessions?|token)$/i.test(path)
}

function accountFields(keys: readonly string[], account: Account): Readonly<Record<string, string>> {
  return Object.fromEntries(
    keys.flatMap((key) => {
      if (/pass|pwd|confirm/i.test(key)) return [[key, account.password] as const]
      if (/mail/i.test(key)) return [[key, account.email] as const]
      return /user|login|name|nick/i.test(key) ? [[key, account.user] as const] : []
    }),
  )
}

/** A refusal usually shows the form again. */
function isAccepted({ answer, page, step }: Visit, { target }: FoundForm): boolean {
  if (answer.status >= 400 || answer.status === 0) return false
  const location = answer.headers['location']?.[0]
  if (location !== undefined && target === step.path) return !/error|fail|invalid/i.test(location)
  return page === undefined || !page.forms.some((form) => form.fields.some(({ type }) => type === 'password'))
}

function showsLogin({ page }: Visit): boolean {
  return page?.forms.some((form) => form.fields.some(({ type }) => type === 'password')) ?? false
}

/** `username: ann password: secret` and `ann / secret`. */
function pairsIn(text: string): readonly (readonly [string, string])[] {
  const named =
    /(?:user(?:name)?|login|e-?mail)\s*[:=]\s*([\w.@+-]{2,40}).{0,40}?pass(?:word)?\s*[:=]\s*([\w.@!#$-]{2,40})/gi
  const slashed = /(?<![\w/])([\w.@+-]{3,30})\s?\/\s?([\w.@!#$-]{3,30})(?![\w/])/g
  return [...text.matchAll(named), ...text.matchAll(slashed)]
    .map(([, user = '', secret = '']) => [user, secret] as const)
    .slice(0, 4)
}

function neighbours(texts: readonly string[]): readonly (readonly [string, string])[] {
  const words = texts.filter((text) => /^[\w.@!#$+-]{2,40}$/.test(text))
  return words
    .slice(0, -1)
    .map((word, index) => [word, words[index + 1] ?? word] as const)
    .filter((_, index) => index % 2 === 0)
}
