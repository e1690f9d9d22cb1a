// The same shop on one server's memory. Behind a balancer it forgets people: see what `npm run start:stateful` prints.
import express, { type RequestHandler } from 'express'
import { serve } from 'drover/instance'
import { seedAccounts } from '../shop/accounts.ts'
import { assets } from '../shop/assets.ts'
import { openDatabase } from '../shop/database.ts'
import { safeHeaders } from '../shop/headers.ts'
import { health } from '../shop/health.ts'
import { storefront } from '../shop/storefront.ts'
import { memorySessions } from './visits.ts'

const database = await openDatabase(process.env['DATABASE_URL'] ?? 'sqlite:.drover/stateful/orders.db')
await seedAccounts(database)

const app = express()
app.disable('x-powered-by')
app.set('trust proxy', 'loopback')
app.use(safeHeaders, health(database), assets())
app.use(memorySessions())
// No server here could know what another one has done already.
const keyed: RequestHandler = (_request, _response, next) => next()
app.use(storefront(database, keyed))

serve(app, { host: '127.0.0.1', onClose: () => database.destroy() })
