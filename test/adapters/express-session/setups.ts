// express-session itself and its drop-in, each with the stores that one behaviour is tried on: what holds for one must
// hold for the other.
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import drover from '../../../src/adapters/express-session/index.ts'
import { sqliteSessionStore } from '../../../src/stores/sqlite/index.ts'
import type { SessionOptions } from '../../../src/adapters/express-session/index.ts'

export type Library = typeof drover

/** Said to depd, by which express-session warns of options that are left out on purpose here. */
process.env['NO_DEPRECATION'] = 'express-session'

/** Without its types, which claim `req.session` for themselves. */
export const upstream: Library = createRequire(import.meta.url)('express-session')
export { drover }

export interface Setup {
  readonly name: string
  readonly session: Library
  /** A fresh store, closed after the test. */
  readonly openStore: (context: TestContext) => Promise<NonNullable<SessionOptions['store']>>
}

export const onExpressSession: Setup = {
  name: 'express-session',
  session: upstream,
  openStore: async () => new upstream.MemoryStore(),
}

export const onClassicStore: Setup = {
  name: 'the drop-in with a classic store',
  session: drover,
  openStore: async () => new drover.MemoryStore(),
}

export const onSqlite: Setup = {
  name: 'the drop-in with SQLite',
  session: drover,
  openStore: async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'drover-express-session-'))
    const store = sqliteSessionStore(join(folder, 'sessions.db'))
    context.after(async () => {
      await store.close()
      await rm(folder, { recursive: true })
    })
    return store
  },
}

/** Everywhere a behaviour may be tried. */
export const everySetup: readonly Setup[] = [onExpressSession, onClassicStore, onSqlite]
/** Where the store's own methods are looked at, or replaced. */
export const classicSetups: readonly Setup[] = [onExpressSession, onClassicStore]
