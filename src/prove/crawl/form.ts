// What a form is for, and what a visitor writes into it.
import type { Part, StepBody } from '../flow/flow.ts'
import { fitted, numberFor, numeric, password, type Person, textFor } from '../flow/made-values.ts'
import type { Field, Form } from './page.ts'

export type FormKind = 'login' | 'register' | 'logout' | 'destroy' | 'search' | 'other'

const registering = /regist|sign[\s_-]?up|signup|create[\s_-](?:an[\s_-])?account|join/i
const loggingOut = /log[\s_-]?out|sign[\s_-]?out|logoff/i
const destroying = /delete|remove|destroy|reset|clear|empty|cancel|unsubscribe|deactivate|purge|drop/i

export function isLogout(words: string): boolean {
  return loggingOut.test(words)
}

export function isDestructive(words: string): boolean {
  return destroying.test(words)
}

export function kindOf(form: Form): FormKind {
  const about = `${form.action} ${form.words}`
  if (loggingOut.test(about)) return 'logout'
  const passwords = form.fields.filter(({ type }) => type === 'password').length
  if (passwords > 0) return passwords > 1 || registering.test(about) ? 'register' : 'login'
  if (
    destroying.test(about) ||
    form.fields.some(({ name, value }) => /^_method$/i.test(name) && /delete/i.test(value))
  )
    return 'destroy'
  return form.method === 'GET' ? 'search' : 'other'
}

/** Who fills a form in, and with which account. */
export interface Filler {
  readonly who: Person
  readonly account: Account | undefined
}

export interface Account {
  readonly user: string
  readonly email: string
  readonly password: string
}

/** Names and values in the order of the page. */
export function fillIn(form: Form, { who, account }: Filler): readonly (readonly [string, string])[] {
  const radios = new Set<string>()
  return form.fields.flatMap((field) => {
    if (field.type === 'file') return []
    if (field.type === 'radio' && radios.has(field.name)) return []
    if (field.type === 'radio') radios.add(field.name)
    const value = valueOf(field, who, account)
    return value === undefined ? [] : [[field.name, value] as const]
  })
}

function valueOf(field: Field, who: Person, account: Account | undefined): string | undefined {
  const { name, type, value } = field
  if (['hidden', 'select', 'clicked'].includes(type)) return value
  if (type === 'radio' || type === 'checkbox') return value === '' ? 'on' : value
  if (type === 'password') return account?.password ?? password
  if (account !== undefined && (type === 'email' || /e-?mail/i.test(name))) return account.email
  if (account !== undefined && /user|login|^name$|nick|account/i.test(name)) return account.user
  // Sent as it is, it would change nothing.
  if (/^\d{1,6}$/.test(value) && (type === 'number' || numeric.test(name)))
    return String(numberFor({ min: Number(value) + 1, max: numberOf(field.max) }))
  // A text that the page proposes is a good one, as a quantity; what a person would write comes first where there is none.
  if (value !== '' && type !== 'textarea') return value
  return typed(field, who)
}

function typed({ name, type, min, max, minLength, maxLength }: Field, who: Person): string {
  if (type === 'number' || type === 'range' || (type === 'text' && numeric.test(name)))
    return String(numberFor({ min: numberOf(min), max: numberOf(max) }))
  const fixed = byType[type]
  if (fixed !== undefined) return type === 'date' && min !== undefined && min > fixed ? min : fixed
  const subject = ['email', 'url', 'tel'].includes(type) ? type : name
  return fitted(textFor(subject, who), { minLength, maxLength })
}

const byType: Readonly<Record<string, string>> = {
  date: '2030-05-17',
  time: '10:30',
  'datetime-local': '2030-05-17T10:30',
  month: '2030-05',
  week: '2030-W20',
  color: '#336699',
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || text === '' || Number.isNaN(Number(text)) ? undefined : Number(text)
}

/** The body of a POST. Names that come twice keep the last value, as with a hidden 0 before a checkbox. */
export function bodyOf(form: Form, pairs: readonly (readonly [string, string])[]): StepBody {
  const files = form.fields
    .filter(({ type }) => type === 'file')
    .map(({ name, accept }) => fileFor(name, accept))
  if (!form.isMultipart) return { kind: 'form', fields: Object.fromEntries(pairs) }
  const parts = pairs.map(([name, value]): Part => ({ name, value, filename: undefined, type: undefined }))
  return { kind: 'multipart', parts: [...parts, ...files] }
}

/** An image of one pixel whose bytes are all ASCII; enough for whoever looks at the type and the first letters. */
const image = 'GIF89a\u0001\u0000\u0001\u0000\u0000\u0000\u0000;'

export function fileFor(name: string, accept: string): Part {
  if (/image|\.png|\.jpe?g|\.gif/i.test(accept) || /image|photo|picture|avatar|pic$|logo/i.test(name))
    return { name, value: image, filename: 'proof.gif', type: 'image/gif' }
  if (/json/i.test(accept))
    return { name, value: '{"proof":true}', filename: 'proof.json', type: 'application/json' }
  if (/csv/i.test(accept))
    return { name, value: 'name,count\nproof,1\n', filename: 'proof.csv', type: 'text/csv' }
  return { name, value: 'a proof\n', filename: 'proof.txt', type: 'text/plain' }
}

/** The same for the forms of a list's rows: where it goes and what it asks. */
export function signatureOf(form: Form, target: string): string {
  const names = form.fields.filter(({ type }) => type !== 'clicked').map(({ name }) => name)
  return `${form.method} ${target} ${names.toSorted().join(',')}`
}
