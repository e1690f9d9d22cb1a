import express from 'express'

const store = process.env.STORE_URL
const load = async (key) => (await fetch(`${store}/${key}`)).json()
let cached = { version: -1, products: [] }

/** A cache that asks each time whether it is still right, so it never changes an answer. */
async function products() {
  const version = (await load('version')) ?? 0
  if (version !== cached.version) cached = { version, products: (await load('products')) ?? [] }
  return cached.products
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
  await fetch(`${store}/products?op=push`, { method: 'POST', body: JSON.stringify({ sku, price }) })
  await fetch(`${store}/version?op=incr`, { method: 'POST' })
  res.status(201).json({ sku })
})

app.listen(process.env.PORT)
