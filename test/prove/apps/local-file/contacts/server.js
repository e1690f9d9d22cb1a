const express = require('express');
const fs = require('fs');
const path = require('path');

const file = path.join(__dirname, 'data', 'contacts.json'); // state:declared

function read() {
  if (!fs.existsSync(file)) return [];
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

function write(contacts) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(contacts, null, 2)); // state:written
}

const app = express();
app.use(express.json());

app.get('/contacts', (req, res) => res.json(read()));

app.post('/contacts', (req, res) => {
  const contacts = read();
  const contact = { id: contacts.length + 1, name: req.body.name };
  write([...contacts, contact]);
  res.status(201).location(`/contacts/${contact.id}`).json(contact);
});

app.get('/contacts/:id', (req, res) => {
  const contact = read().find((one) => one.id === Number(req.params.id));
  if (!contact) return res.status(404).json({ error: 'Not found' });
  res.json(contact);
});

app.listen(process.env.PORT || 3000);
