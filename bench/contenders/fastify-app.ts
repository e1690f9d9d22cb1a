// The app of the sessions suite on Fastify; the same as on Express.
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { announce, keepAliveMs } from './announce.ts'
import { newVisit, type Visit } from './session-data.ts'

/** `mount` registers the session plugins, if any. */
export async function serveFastify(
  open: (request: FastifyRequest) => Partial<Visit>,
  mount?: (app: FastifyInstance) => Promise<void>,
): Promise<void> {
  const app = fastify({ logger: false, keepAliveTimeout: keepAliveMs })
  await mount?.(app)
  app.post<{ Params: { name: string } }>('/fill/:name', (request) => {
    Object.assign(open(request), newVisit(request.params.name, 'large'))
    return Promise.resolve({ filled: true })
  })
  app.get('/read', (request) => Promise.resolve({ name: open(request).name }))
  app.post('/write', (request) => {
    const visit = open(request)
    visit.count = (visit.count ?? 0) + 1
    return Promise.resolve({ count: visit.count })
  })
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  announce(Number(new URL(address).port))
}
