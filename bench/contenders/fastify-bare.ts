// The Fastify app without sessions: what is left when their cost is taken away.
import { serveFastify } from './fastify-app.ts'
import { newVisit } from './session-data.ts'

const visit = newVisit('nobody', 'large')
await serveFastify(() => visit)
