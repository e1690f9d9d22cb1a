const express = require('express');

const at = process.env.STORE_URL + '/contacts';

async function read() {
  return (await (await fetch(at)).json()) || [];
}

const app = express();
app.use(express.json());

app.get('/contacts', async (req, res) => res.json(await read()));

app.post('/contacts', async (req, res) => {
  const contacts = await read();
  const contact = { id: contacts.length + 1, name: req.body.name };
  await fetch(at, { method: 'PUT', body: JSON.stringify([...contacts, contact]) });
  res.status(201).location(`/contacts/${contact.id}`).json(contact);
});

app.get('/contacts/:id', async (req, res) => {
  const contact = (await read()).find((one) => one.id === Number(req.params.id));
  if (!contact) return res.status(404).json({ error: 'Not found' });
  res.json(contact);
});

app.listen(process.env.PORT || 3000);
