import express from 'express'

const database = `${process.env.STORE_URL}/products`
let cached // state:declared

async function products() {
  cached ??= (await (await fetch(database)).json()) ?? [] // state:written
  return cached
}

const app = express()
app.use(express.json())

app.get('/products', async (req, res) => {
  res.json(await products())
})

app.get('/products/:sku', async (req, res) => {
  const product = (await products()).find(({ sku }) => sku === req.params.sku)
  if (product === undefined) return res.sendStatus(404)
  res.json(product)
})

app.post('/products', async (req, res) => {
  const { sku, price } = req.body
  await fetch(`${database}?op=push`, { method: 'POST', body: JSON.stringify({ sku, price }) })
  cached = undefined // state:written
  res.status(201).json({ sku })
})

app.listen(process.env.PORT)
