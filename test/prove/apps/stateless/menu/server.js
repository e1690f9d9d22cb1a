import express from 'express'

const store = process.env.STORE_URL
const at = `${store}/dishes`

// Whoever starts first puts something there; all others find it.
const seeds = JSON.stringify(['soup', 'stew', 'salad'].map((dish) => ({ dish })))
await fetch(`${at}?op=add`, { method: 'POST', body: seeds })

const app = express()
app.use(express.json())

app.get('/dishes', async (req, res) => {
  const dishes = await (await fetch(at)).json()
  res.json({ count: dishes.length, dishes })
})

app.post('/dishes', async (req, res) => {
  await fetch(`${at}?op=push`, { method: 'POST', body: JSON.stringify({ dish: req.body.dish }) })
  res.status(201).json({ dish: req.body.dish })
})

app.listen(process.env.PORT)
