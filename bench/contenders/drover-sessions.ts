// The Express app on Drover's sessions, with their defaults.
import { createServer } from 'node:http'
import { expressSessions, sessionOf } from '../../src/adapters/express.ts'
import { sessions } from '../../src/index.ts'
import { serve, settings } from './announce.ts'
import { expressApp } from './express-app.ts'
import type { Visit } from './session-data.ts'

const [store = ''] = settings
const visits = sessions<Visit>({ store })
serve(createServer(expressApp((request) => sessionOf(request, visits).data(), expressSessions(visits))))
