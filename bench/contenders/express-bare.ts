// The Express app without sessions: what is left when their cost is taken away.
import { createServer } from 'node:http'
import { serve } from './announce.ts'
import { expressApp } from './express-app.ts'
import { newVisit } from './session-data.ts'

const visit = newVisit('nobody')
serve(createServer(expressApp(() => visit)))
