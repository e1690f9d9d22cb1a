// The shop: an ordinary Express app. `drover up` runs several of these; each can answer any visitor, because what a
// visitor would miss is in the session store and the database.
import express from 'express'
import { sessions } from 'drover'
import { expressSessions } from 'drover/express'
import { seedAccounts } from './accounts.ts'
import { assets } from './assets.ts'
import type { ShopData } from './cart.ts'
import { openDatabase } from './database.ts'
import { safeHeaders } from './headers.ts'
import { health } from './health.ts'
import { serve } from './serve.ts'
import { storefront } from './storefront.ts'

// What `request.session.data()` holds in every handler.
declare module 'drover/express' {
  interface SessionData extends ShopData {}
}

const database = await openDatabase(process.env['DATABASE_URL'] ?? 'sqlite:.drover/orders.db')
await seedAccounts(database)

const visits = sessions<ShopData>({ store: process.env['SESSION_STORE'] ?? 'sqlite:.drover/shop.db' })

const app = express()
app.disable('x-powered-by')
// The balancer is on this machine; what it says about the visitor's address and protocol is believed.
app.set('trust proxy', 'loopback')
app.use(safeHeaders, health(database), assets())
app.use(expressSessions(visits))
app.use(storefront(database))

serve(app, async () => {
  await visits.close()
  await database.destroy()
})
