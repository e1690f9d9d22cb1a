// Compiled, never run: what the types of drover and drover/express promise.
import express from 'express'
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

const shop: Sessions<Shop> = sessions<Shop>({ store: 'sqlite:.drover/shop.db', idle: '1d', absolute: '30d' })
const app = express()
app.use(expressSessions(shop))

app.get('/', async (req, res) => {
  const global = await req.session.data()
  prove<Equal<typeof global.typeTestVisits, number | undefined>>(true)
  // @ts-expect-error only declared fields exist
  void global.cart

  const session = sessionOf(req, shop)
  prove<Equal<typeof session, Session<Shop>>>(true)
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
