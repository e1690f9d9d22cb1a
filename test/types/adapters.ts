// Compiled, never run: what the types of the adapters other than drover/express promise.
import { createServer } from 'node:http'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { sessions } from 'drover'
import type { Session } from 'drover'
import { fastifySessions, sessionOf as fastifySession } from 'drover/fastify'
import { fetchSessions, sessionOf as fetchSession } from 'drover/fetch'
import { honoSessions, sessionOf as honoSession } from 'drover/hono'
import type { SessionEnv } from 'drover/hono'
import { koaSessions, sessionOf as koaSession } from 'drover/koa'
import { sessionOf as nodeSession, withSessions } from 'drover/node-http'

declare module 'drover/fastify' {
  // Names no example uses: the declarations hold for the whole program.
  interface SessionData {
    typeTestPages: number
  }
}

declare module 'drover/koa' {
  interface SessionData {
    typeTestClicks: number
  }
}

interface Shop {
  theme: string
}
type ShopSession = Session<Partial<Shop>>

type IsAny<Type> = 0 extends 1 & Type ? true : false
type Equal<One, Other> = IsAny<One> extends true ? false : [One, Other] extends [Other, One] ? true : false

function prove<Claim extends true>(claim: Claim): Claim {
  return claim
}

const shop = sessions<Shop>()

createServer(
  withSessions(
    shop,
    (req, res) => {
      const session = nodeSession(req, shop)
      prove<Equal<typeof session, ShopSession>>(true)
      res.end()
    },
    { ip: (req) => req.headers['x-real-ip']?.toString(), encrypted: () => true },
  ),
)

const app = fastify()
void app.register(fastifySessions(shop))
app.get('/', async (request) => {
  const session = fastifySession(request, shop)
  prove<Equal<typeof session, ShopSession>>(true)
  const { typeTestPages } = await request.session.data()
  prove<Equal<typeof typeTestPages, number | undefined>>(true)
  return fastifySession(request.raw, shop).principal()
})

new Koa().use(koaSessions(shop)).use(async (ctx) => {
  const session = koaSession(ctx, shop)
  prove<Equal<typeof session, ShopSession>>(true)
  const { typeTestClicks } = await ctx.session.data()
  prove<Equal<typeof typeTestClicks, number | undefined>>(true)
})

// A handler keeps the further arguments that its runtime gives, and the options see them.
const handler = fetchSessions(shop, { ip: (_request, env: { ip: string }) => env.ip })((
  request,
  env: { ip: string; city: string },
) => {
  const session = fetchSession(request, shop)
  prove<Equal<typeof session, ShopSession>>(true)
  return new Response(env.city)
})
prove<Equal<Parameters<typeof handler>, [request: Request, env: { ip: string; city: string }]>>(true)
// @ts-expect-error the options ask for an address that this runtime does not give
fetchSessions(shop, { ip: (_request, env: { ip: string }) => env.ip })((_request, _env: { city: string }) =>
  Response.error(),
)
const bare: (request: Request) => Promise<Response> = fetchSessions(shop)(() => new Response('hello'))
void bare

new Hono().use(honoSessions(shop)).get('/', (c) => {
  const session = c.get('session')
  prove<Equal<typeof session, ShopSession>>(true)
  // @ts-expect-error what adapters use is not offered to apps
  void session.takeCookies
  return c.text('hello')
})
new Hono<SessionEnv<Partial<Shop>>>().get('/', (c) => {
  const [session, asked] = [c.get('session'), honoSession(c, shop)]
  prove<Equal<typeof session, ShopSession>>(true)
  prove<Equal<typeof asked, ShopSession>>(true)
  return c.text('hello')
})
