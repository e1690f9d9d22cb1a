// Several cookies in one answer, compressed pages, chains of redirects.
import compression from 'compression'
import express from 'express'
import { randomUUID } from 'node:crypto'

const app = express()
app.use(compression({ threshold: 0 }))

const cookiesOf = (req) => Object.fromEntries((req.headers.cookie ?? '').split('; ').map((pair) => pair.split('=')))

app.get('/', (req, res) => res.redirect(301, '/start'))
app.get('/start', (req, res) => res.redirect(`/start/${cookiesOf(req).lang ?? 'en'}`))
app.get('/start/:lang', (req, res) => {
  res.cookie('visitor', cookiesOf(req).visitor ?? randomUUID(), { maxAge: 86_400_000 })
  res.cookie('lang', req.params.lang)
  res.cookie('seen', Math.floor(Date.now() / 1000), { expires: new Date(Date.now() + 3_600_000) })
  res.send(`<html lang="${req.params.lang}"><p>${'Welcome aboard. '.repeat(40)}</p></html>`)
})
app.get('/whoami', (req, res) => {
  const { visitor, lang } = cookiesOf(req)
  res.json({ known: visitor !== undefined, lang: lang ?? null })
})
app.post('/forget', (req, res) => res.clearCookie('visitor').clearCookie('lang').clearCookie('seen').sendStatus(204))

app.listen(process.env.PORT)
