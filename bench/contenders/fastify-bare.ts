// The Fastify app without sessions: what is left when their cost is taken away.
import { settings } from './announce.ts'
import { endOfTurn } from './end-of-turn.ts'
import { serveFastify } from './fastify-app.ts'
import { newVisit } from './session-data.ts'

const visit = newVisit('nobody', 'large')
const waits = settings[2] === 'end of turn'
await serveFastify(
  () => visit,
  (app) => {
    // Before the handler, where a session is read.
    if (waits) app.addHook('onRequest', () => endOfTurn())
    return Promise.resolve()
  },
)
