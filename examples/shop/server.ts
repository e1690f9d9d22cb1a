// The shop: an ordinary Express app. `drover up` runs several of these; each can answer any visitor, because what a
// visitor would miss is in the session store and the database.
import express from 'express'
import { sessions } from 'drover'
import { expressSessions } from 'drover/express'
import { serve } from 'drover/instance'
import { seedAccounts } from './accounts.ts'
import { assets } from './assets.ts'
import type { ShopData } from './cart.ts'
import { openDatabase } from './database.ts'
import { safeHeaders } from './headers.ts'
import { health } from './health.ts'
import { keyedRoutes } from './keyed.ts'
import { openPictures } from './pictures.ts'
import { storefront } from './storefront.ts'
import { openTokens } from './tokens.ts'

// What `request.session.data()` holds in every handler.
declare module 'drover/express' {
  interface SessionData extends ShopData {}
}

const database = await openDatabase(process.env['DATABASE_URL'] ?? 'sqlite:.drover/orders.db')
await seedAccounts(database)

const store = process.env['SESSION_STORE'] ?? 'sqlite:.drover/shop.db'
const visits = sessions<ShopData>({ store })
const keyed = keyedRoutes(store)
const pictures = openPictures()
const tokens = await openTokens(store, database)

const app = express()
app.disable('x-powered-by')
// The balancer is on this machine; what it says about the visitor's address and protocol is believed.
app.set('trust proxy', 'loopback')
app.use(safeHeaders, health(database), assets())
app.use(expressSessions(visits))
app.use(storefront(database, keyed.route, pictures, tokens.routes))

const instance = serve(app, {
  host: '127.0.0.1',
  fingerprint: { tokens: tokens.fingerprint },
  onClose: () =>
    Promise.all([visits.close(), tokens.close(), keyed.close(), pictures.close(), database.destroy()]),
})
await instance.ready
console.log(`The shop listens on port ${instance.port}`)
