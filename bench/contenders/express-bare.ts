// The Express app without sessions: what is left when their cost is taken away.
import { createServer } from 'node:http'
import { serve, settings } from './announce.ts'
import { endOfTurn } from './end-of-turn.ts'
import { expressApp } from './express-app.ts'
import { newVisit, sizeOf } from './session-data.ts'

const [, word, pace] = settings
const size = sizeOf(word)
const visit = newVisit('nobody', size)
const atOnce = () => ({ visit })
const later = async () => {
  await endOfTurn()
  return { visit }
}
serve(createServer(expressApp({ size, open: pace === 'end of turn' ? later : atOnce })))
