// The same shop on one server's memory. Behind a balancer it forgets people: see what `npm run start:stateful` prints.
import express from 'express'
import { seedAccounts } from '../shop/accounts.ts'
import { assets } from '../shop/assets.ts'
import { openDatabase } from '../shop/database.ts'
import { safeHeaders } from '../shop/headers.ts'
import { health } from '../shop/health.ts'
import { serve } from '../shop/serve.ts'
import { storefront } from '../shop/storefront.ts'
import { memorySessions } from './visits.ts'

const database = await openDatabase(process.env['DATABASE_URL'] ?? 'sqlite:.drover/stateful/orders.db')
await seedAccounts(database)

const app = express()
app.disable('x-powered-by')
app.set('trust proxy', 'loopback')
app.use(safeHeaders, health(database), assets())
app.use(memorySessions())
app.use(storefront(database))

serve(app, () => database.destroy())
