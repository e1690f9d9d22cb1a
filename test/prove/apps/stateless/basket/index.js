const express = require("express4");
const crypto = require("crypto");

const app = express();
const store = process.env.STORE_URL;

app.use(express.json());

function cartId(req, res) {
  const found = /cart=([\w-]+)/.exec(req.headers.cookie || "");
  if (found) return found[1];
  const id = crypto.randomUUID();
  res.cookie("cart", id);
  return id;
}

app.get("/cart", async function (req, res) {
  const items = (await (await fetch(`${store}/${cartId(req, res)}`)).json()) || [];
  res.json({ items: items, total: items.reduce((sum, item) => sum + item.price * item.quantity, 0) });
});

app.post("/cart/items", async function (req, res) {
  const item = { sku: req.body.sku, price: req.body.price, quantity: req.body.quantity || 1 };
  const pushed = await fetch(`${store}/${cartId(req, res)}?op=push`, { method: "POST", body: JSON.stringify(item) });
  res.status(201).json({ count: (await pushed.json()).length });
});

app.delete("/cart", async function (req, res) {
  await fetch(`${store}/${cartId(req, res)}`, { method: "DELETE" });
  res.sendStatus(204);
});

app.listen(process.env.PORT || 3000, () => console.log("ready"));
