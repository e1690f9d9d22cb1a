// Signs visitors in with a key that all servers have; the library draws a fresh nonce for every cookie.
import express from 'express'
import { getIronSession } from 'iron-session'

const app = express()
app.use(express.urlencoded({ extended: false }))

const options = {
  password: process.env.SESSION_PASSWORD,
  cookieName: 'seal',
  cookieOptions: { secure: false },
}
let logins = 0

app.post('/login', async (req, res) => {
  const session = await getIronSession(req, res, options)
  session.user = req.body.user
  session.at = new Date().toISOString()
  logins++
  await session.save()
  res.redirect(303, '/')
})

app.get('/', async (req, res) => {
  const { user } = await getIronSession(req, res, options)
  res.send(user === undefined ? '<p>Who are you?</p>' : `<p>Welcome ${user}</p>`)
})

app.post('/logout', async (req, res) => {
  const session = await getIronSession(req, res, options)
  session.destroy()
  res.redirect(303, '/')
})

app.listen(process.env.PORT, () => console.log(`ready after ${logins} logins, pid ${process.pid}`))
