const express = require('express');

const app = express();
const store = process.env.STORE_URL;

app.use(express.json());

app.post('/invoices', async (req, res) => {
  const number = await (await fetch(`${store}/last-invoice?op=incr`, { method: 'POST' })).json();
  const invoice = { number: `instance-1/${String(number).padStart(4, '0')}`, amount: req.body.amount };
  await fetch(`${store}/invoices?op=push`, { method: 'POST', body: JSON.stringify(invoice) });
  res.status(201).json(invoice);
});

app.get('/invoices', async (req, res) => {
  res.json((await (await fetch(`${store}/invoices`)).json()) || []);
});

app.listen(process.env.PORT);
