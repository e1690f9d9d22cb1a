// An app as its author would write it: Express, and sessions that every instance can read.
import express from 'express'
import { sessions } from 'drover'
import { expressSessions } from 'drover/express'

const visitors = sessions({ store: 'sqlite:sessions.db' })
const app = express()

app.use(expressSessions(visitors))
app.get('/visits', async (request, response) => {
  const data = await request.session.data()
  data.visits = (data.visits ?? 0) + 1
  response.json({ visits: data.visits, instance: process.env.DROVER_INSTANCE })
})
app.listen(Number(process.env.PORT), '127.0.0.1')
