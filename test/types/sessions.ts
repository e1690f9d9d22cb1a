// Compiled, never run: what the types of drover and drover/express promise.
import express from 'express'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { sessions } from 'drover'
import type { Session, Sessions, SessionStore } from 'drover'
import { expressSessions, sessionOf } from 'drover/express'

declare module 'drover/express' {
  // A name no example uses: the declaration holds for the whole program.
  interface SessionData {
    typeTestVisits: number
  }
}

interface Shop {
  cart: { sku: string; quantity: number }[]
}

type IsAny<Type> = 0 extends 1 & Type ? true : false
type Equal<One, Other> = IsAny<One> extends true ? false : [One, Other] extends [Other, One] ? true : false

function prove<Claim extends true>(claim: Claim): Claim {
  return claim
}

const shop: Sessions<Partial<Shop>> = sessions<Shop>({
  store: 'sqlite:.drover/shop.db',
  idle: '1d',
  absolute: '30d',
})
const app = express()
app.use(expressSessions(shop))

app.get('/', async (req, res) => {
  const global = await req.session.data()
  prove<Equal<typeof global.typeTestVisits, number | undefined>>(true)
  // @ts-expect-error only declared fields exist
  void global.cart

  const session = sessionOf(req, shop)
  prove<Equal<typeof session, Session<Partial<Shop>>>>(true)
  const data = await session.data()
  ;(data.cart ??= []).push({ sku: 'mug', quantity: 1 })
  delete data.cart
  // @ts-expect-error fields keep their type
  data.cart = 'mug'
  // @ts-expect-error nested values keep theirs
  data.cart = [{ sku: 'mug', quantity: 'one' }]

  const principal = await session.principal()
  prove<Equal<typeof principal, string | undefined>>(true)
  // @ts-expect-error a principal is a string
  await session.login(7)
  // @ts-expect-error what adapters use is not offered to apps
  void session.takeCookie
  res.end()
})

// Without a shape, data is whatever the app puts in.
const loose = await sessionOf(new Request('http://localhost') as never, sessions()).data()
prove<Equal<typeof loose, Partial<Record<string, unknown>>>>(true)

// @ts-expect-error a duration has a unit
sessions({ idle: '1 day' })
// @ts-expect-error unknown options are refused
sessions({ storage: 'sqlite:x.db' })
// @ts-expect-error a shape is an object
sessions<string>()

declare const store: SessionStore
sessions({ store, cookieName: 'shop', secure: true, maxBytes: 1_024 })

// With a schema, data has its output's shape, whichever library made it; conflict rules fit their fields.
interface Cart {
  items: string[]
  currency: string
}
const zodCart = z.object({ items: z.array(z.string()).default([]), currency: z.string().default('EUR') })
const valibotCart = v.object({
  items: v.optional(v.array(v.string()), []),
  currency: v.optional(v.string(), 'EUR'),
})
const arkCart = type({ items: type('string[]').default(() => []), currency: 'string = "EUR"' })
prove<Equal<ReturnType<typeof zodSessions.of>, ReturnType<Sessions<Cart>['of']>>>(true)
const zodSessions = sessions({ schema: zodCart, conflicts: { items: 'set' } })
const valibotSessions: Sessions<Cart> = sessions({ schema: valibotCart, upcast: [(data) => data] })
const arkSessions: Sessions<Cart> = sessions({ schema: arkCart, invalid: 'reset' })
void [valibotSessions, arkSessions]
sessions<{ visits: number; tags: string[] }>({
  conflicts: {
    visits: 'counter',
    tags: { merge: ({ mine = [], theirs = [] }) => [...new Set([...theirs, ...mine])] },
  },
})
// @ts-expect-error a rule names a field that there is
sessions<{ visits: number }>({ conflicts: { visit: 'counter' } })
// @ts-expect-error a merge gives what the field holds
sessions<{ visits: number }>({ conflicts: { visits: { merge: () => 'many' } } })

declare const typed: Session<Cart>
const currency = await typed.update('currency', (value) => value ?? 'EUR')
prove<Equal<typeof currency, string | undefined>>(true)
// @ts-expect-error a field that there is not
void typed.update('price', () => 1)
// @ts-expect-error its value keeps its type
void typed.update('currency', () => 1)
