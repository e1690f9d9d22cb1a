// Who may sign in. Passwords are kept only as slow, salted hashes.
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'
import { promisify } from 'node:util'
import type { Database } from './database.ts'
import { readCredentials } from './input.ts'
import { Refusal } from './refusal.ts'

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

/** OWASP's least for scrypt with 16 MB: about a sixth of a second of one core, off the event loop. */
const cost = { N: 2 ** 14, r: 8, p: 5 }
const hashBytes = 32

/** The demo's accounts; each has its own name as the password. */
const demoAccounts = ['ann', 'bob']

/** Creates what is missing. Instances that start together may each try: the first one's row stays. */
export async function seedAccounts(database: Database): Promise<void> {
  const known = await database
    .selectFrom('accounts')
    .select('name')
    .where('name', 'in', demoAccounts)
    .execute()
  const missing = demoAccounts.filter((name) => !known.some((account) => account.name === name))
  for (const name of missing) {
    const account = { name, password_hash: await hashPassword(name) }
    await database
      .insertInto('accounts')
      .values(account)
      .onConflict((row) => row.doNothing())
      .execute()
  }
}

/** A salt and a hash that no password has. */
const nobody = `${randomBytes(16).toString('base64url')}.${randomBytes(hashBytes).toString('base64url')}`

/** The account that the body names, with its password; refuses any other. */
export async function accountOf(database: Database, body: unknown): Promise<string> {
  const { user, password } = readCredentials(body)
  const account = await authenticate(database, user, password)
  if (account === undefined) throw new Refusal('wrong_credentials', 'No account has this name and password')
  return account
}

/** The account's name, or undefined when the pair is wrong; both take the same time. */
export async function authenticate(
  database: Database,
  name: string,
  password: string,
): Promise<string | undefined> {
  const account = await database
    .selectFrom('accounts')
    .select(['name', 'password_hash'])
    .where('name', '=', name)
    .executeTakeFirst()
  // An unknown name costs as much work as a known one, so that the answer's delay does not tell which names exist.
  const matches = await verifyPassword(password, account?.password_hash ?? nobody)
  return matches ? account?.name : undefined
}

async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password.normalize('NFKC'), salt, hashBytes, cost)
  return `${salt.toString('base64url')}.${hash.toString('base64url')}`
}

async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [salt = '', expected = ''] = stored.split('.')
  const hash = await derive(password.normalize('NFKC'), Buffer.from(salt, 'base64url'), hashBytes, cost)
  return timingSafeEqual(hash, Buffer.from(expected, 'base64url'))
}
