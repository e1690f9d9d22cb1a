// Uses every subpath with its types, as a strict project would. Compiled against the installed package, never run.
import { DroverError, isDroverError, sessions } from 'drover'
import type { ErrorCode, SessionStore } from 'drover'
import { defineConfig } from 'drover/config'
import { expressSessions, expressUploads } from 'drover/express'
import { files } from 'drover/files'
import { ManualClock, sessionStoreContract } from 'drover/testing'
import express from 'express'

interface Basket {
  skus: string[]
}

const visitors = sessions<Basket>({ store: 'sqlite:sessions.db', idle: '30m' })
// @ts-expect-error a duration has a unit that exists
sessions({ idle: '30 minutes' })

const app: express.Express = express()
app.use(expressSessions(visitors))

const store = files('file:pictures', { maxBytes: 1_000_000 })
app.post('/pictures', expressUploads(store, { key: ({ field }) => field, accept: ['image/*'] }))
// @ts-expect-error a file has a type
export const stored: Promise<unknown> = store.put('a', 'b', {})

export const config: { readonly command: readonly string[] } = defineConfig({
  command: ['node', 'server.js'],
  instances: 2,
})
// @ts-expect-error instances are counted
defineConfig({ command: ['node', 'server.js'], instances: 'two' })

export function codeOf(error: unknown): ErrorCode | undefined {
  return isDroverError(error) ? error.code : undefined
}

export const parts: readonly unknown[] = [DroverError, ManualClock, sessionStoreContract]
export type Port = SessionStore
