import express from 'express'
import session from 'express-session'

const users = { ann: 'wonderland', bob: 'builder' }

const app = express()
app.use(express.urlencoded({ extended: false }))
// state:declared
app.use(session({
  secret: process.env.SESSION_SECRET ?? 'keyboard cat',
  resave: false,
  saveUninitialized: false,
}))

app.get('/login', (req, res) => {
  res.send('<form method="post"><input name="user"><input name="password" type="password"><button>Sign in</button></form>')
})

app.post('/login', (req, res) => {
  const { user, password } = req.body
  if (users[user] !== password) return res.status(401).send('Wrong name or password')
  req.session.user = user // state:written
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
