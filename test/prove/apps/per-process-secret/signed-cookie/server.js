import { randomUUID } from 'node:crypto'
import cookieSession from 'cookie-session'
import express from 'express'

const app = express()
const keys = [randomUUID(), randomUUID()] // state:declared

app.use(cookieSession({ name: 'quiz', keys, maxAge: 24 * 60 * 60 * 1000 }))
app.use(express.urlencoded({ extended: false }))

app.get('/', (req, res) => {
  const { score = 0 } = req.session
  res.send(`<p>Score: ${score}</p><form method="post" action="/answer"><input name="answer"></form>`)
})

app.post('/answer', (req, res) => {
  const right = req.body.answer === '42'
  req.session.score = (req.session.score ?? 0) + (right ? 1 : 0)
  res.redirect('/')
})

app.listen(process.env.PORT)
