// An API for apps and for browsers: sign in for tokens, refresh them, end them. Any server answers any request.
import express from 'express'
import * as v from 'valibot'
import { expressTokens, tokenOf } from 'drover/express'
import { serve } from 'drover/instance'
import { sqliteTokenStore } from 'drover/sqlite'
import { refreshTokenIn, tokenBody, tokenCookies, clearingTokenCookies, tokens } from 'drover/tokens'

const api = tokens({
  store: sqliteTokenStore(process.env['TOKENS_DATABASE'] ?? '.drover/tokens.db'),
  // For the example alone: a secret that stands in a repository is none.
  secrets:
    process.env['APP_SECRETS'] === undefined ? [Buffer.alloc(32, 1).toString('base64')] : 'env:APP_SECRETS',
  issuer: 'https://shop.example',
  audience: 'https://api.shop.example',
  claims: v.object({ role: v.picklist(['admin', 'user']) }),
})

const app = express()
app.use(express.json())
// On a developer's machine there is no https, so cookies have no `__Host-`.
const cookies = { secure: process.env['NODE_ENV'] === 'production' }

/** Anybody is who they say, in an example. */
app.post('/token', async (req, res) => {
  const { user } = v.parse(v.object({ user: v.pipe(v.string(), v.nonEmpty()) }), req.body)
  const role = user === 'ann' ? 'admin' : 'user'
  const pair = await api.issue(user, { claims: { role }, scopes: ['orders:read'] })
  res.set('cache-control', 'no-store').append('set-cookie', [...tokenCookies(pair, cookies)])
  res.json(tokenBody(pair))
})

/** The refresh token of an app comes in the body, that of a browser in its cookie. A refusal clears no cookie. */
app.post('/token/refresh', async (req, res) => {
  const body = v.parse(v.optional(v.object({ refresh_token: v.optional(v.string()) })), req.body)
  const pair = await api.refresh(body?.refresh_token ?? refreshTokenIn(req.headers.cookie, cookies))
  res.set('cache-control', 'no-store').append('set-cookie', [...tokenCookies(pair, cookies)])
  res.json(tokenBody(pair))
})

app.get('/.well-known/jwks.json', async (_req, res) => {
  const { headers, body } = await api.jwks()
  res.set({ ...headers }).send(body)
})

// From here on, requests need a token.
app.use(expressTokens(api, { cookies }))

app.get('/me', (req, res) => {
  const { principal, claims, scopes } = tokenOf(req, api)
  res.json({ user: principal, role: claims.role, scopes, server: process.env['DROVER_INSTANCE'] })
})

// What must not happen after a sign-out is refused while nobody knows who has signed out.
app.post('/orders', expressTokens(api, { cookies, whenCut: 'refuse', signedInWithin: '1h' }), (_req, res) => {
  res.status(201).json({ order: 1 })
})

app.post('/sign-out', async (req, res) => {
  await api.revoke(tokenOf(req, api))
  res.append('set-cookie', [...clearingTokenCookies(cookies)]).sendStatus(204)
})

app.post('/sign-out-everywhere', async (req, res) => {
  await api.revokeAll(tokenOf(req, api).principal)
  res.sendStatus(204)
})

await api.ready()
await serve(app, {
  host: '127.0.0.1',
  fingerprint: { tokens: await api.fingerprint() },
  onClose: () => api.close(),
}).ready
