import express from 'express'

const at = `${process.env.STORE_URL}/dishes`

// Something to show after the first start.
for (const dish of ['soup', 'stew', 'salad']) {
  await fetch(`${at}?op=push`, { method: 'POST', body: JSON.stringify({ dish }) }) // state:written
}

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
