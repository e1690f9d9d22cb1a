import express from 'express'
import session from 'express-session'

const users = { ann: 'wonderland', bob: 'builder' }
const at = (sid) => `${process.env.STORE_URL}/session-${encodeURIComponent(sid)}`

/** As connect-redis does it: every session is a row outside. */
class SharedStore extends session.Store {
  get(sid, done) {
    fetch(at(sid)).then((found) => found.json()).then((data) => done(null, data), done)
  }
  set(sid, data, done) {
    fetch(at(sid), { method: 'PUT', body: JSON.stringify(data) }).then(() => done(null), done)
  }
  destroy(sid, done) {
    fetch(at(sid), { method: 'DELETE' }).then(() => done(null), done)
  }
}

const app = express()
app.use(express.urlencoded({ extended: false }))
app.use(session({ store: new SharedStore(), secret: 'keyboard cat', resave: false, saveUninitialized: false }))

app.get('/login', (req, res) => {
  res.send('<form method="post"><input name="user"><input name="password" type="password"><button>Sign in</button></form>')
})

app.post('/login', (req, res) => {
  const { user, password } = req.body
  if (users[user] !== password) return res.status(401).send('Wrong name or password')
  req.session.user = user
  res.redirect('/account')
})

app.get('/account', (req, res) => {
  if (!req.session.user) return res.redirect('/login')
  res.send(`<h1>Hello ${req.session.user}</h1><a href="/orders">Orders</a>`)
})

app.get('/orders', (req, res) => {
  if (!req.session.user) return res.status(401).send('Sign in first')
  res.json({ user: req.session.user, orders: [] })
})

app.post('/logout', (req, res) => {
  req.session.destroy(() => res.redirect('/login'))
})

app.listen(process.env.PORT ?? 3000)
