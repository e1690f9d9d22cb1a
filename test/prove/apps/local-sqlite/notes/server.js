import { DatabaseSync } from 'node:sqlite'
import express from 'express'

const db = new DatabaseSync('notes.db') // state:declared
db.exec('create table if not exists notes (id integer primary key, text text not null)')

const app = express()
app.use(express.json())

app.get('/notes', (req, res) => {
  res.json(db.prepare('select id, text from notes order by id').all())
})

app.post('/notes', (req, res) => {
  const { lastInsertRowid } = db.prepare('insert into notes (text) values (?)').run(req.body.text) // state:written
  res.status(201).json({ id: Number(lastInsertRowid) })
})

app.delete('/notes/:id', (req, res) => {
  const { changes } = db.prepare('delete from notes where id = ?').run(req.params.id) // state:written
  res.sendStatus(changes > 0 ? 204 : 404)
})

app.listen(process.env.PORT)
