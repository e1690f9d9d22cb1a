import express from 'express'

const store = process.env.STORE_URL
const load = async () => (await (await fetch(`${store}/notes`)).json()) ?? []
const save = (notes) => fetch(`${store}/notes`, { method: 'PUT', body: JSON.stringify(notes) })

const app = express()
app.use(express.json())

app.get('/notes', async (req, res) => {
  res.json(await load())
})

app.post('/notes', async (req, res) => {
  const id = await (await fetch(`${store}/last-id?op=incr`, { method: 'POST' })).json()
  await save([...(await load()), { id, text: req.body.text }])
  res.status(201).json({ id })
})

app.delete('/notes/:id', async (req, res) => {
  const notes = await load()
  const left = notes.filter(({ id }) => id !== Number(req.params.id))
  await save(left)
  res.sendStatus(left.length < notes.length ? 204 : 404)
})

app.listen(process.env.PORT)
