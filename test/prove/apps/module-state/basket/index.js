const express = require("express4");
const crypto = require("crypto");

const app = express();
const carts = new Map(); // state:declared

app.use(express.json());

function cartId(req, res) {
  const found = /cart=([\w-]+)/.exec(req.headers.cookie || "");
  if (found) return found[1];
  const id = crypto.randomUUID();
  res.cookie("cart", id);
  return id;
}

app.get("/cart", function (req, res) {
  const items = carts.get(cartId(req, res)) || [];
  res.json({ items: items, total: items.reduce((sum, item) => sum + item.price * item.quantity, 0) });
});

app.post("/cart/items", function (req, res) {
  const id = cartId(req, res);
  if (!carts.has(id)) carts.set(id, []); // state:written
  const items = carts.get(id);
  items.push({ sku: req.body.sku, price: req.body.price, quantity: req.body.quantity || 1 }); // state:written
  res.status(201).json({ count: items.length });
});

app.delete("/cart", function (req, res) {
  carts.delete(cartId(req, res)); // state:written
  res.sendStatus(204);
});

app.listen(process.env.PORT || 3000, () => console.log("ready"));
