// Whether this server can serve: its database answers. Asked every moment, so it touches no session.
import { Router } from 'express'
import { sql } from 'kysely'
import type { Database } from './database.ts'

export function health(database: Database): Router {
  return Router().get('/health', async (_request, response) => {
    try {
      await sql`select 1`.execute(database)
      response.json({ status: 'ok' })
    } catch (error) {
      console.error(error)
      response.status(503).json({ status: 'unavailable' })
    }
  })
}
