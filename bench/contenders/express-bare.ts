// The Express app without sessions: what is left when their cost is taken away.
import { createServer } from 'node:http'
import { serve, settings } from './announce.ts'
import { expressApp } from './express-app.ts'
import { newVisit, sizeOf } from './session-data.ts'

const size = sizeOf(settings[1])
const visit = newVisit('nobody', size)
serve(createServer(expressApp({ size, open: () => ({ visit }) })))
