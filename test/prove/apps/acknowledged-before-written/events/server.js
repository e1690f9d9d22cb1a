const express = require('express');

const at = process.env.STORE_URL + '/events';
let buffer = []; // state:declared

// Writing one by one was too slow.
async function flush() { // state:declared
  const batch = buffer;
  buffer = []; // state:written
  for (const event of batch) {
    await fetch(at + '?op=push', { method: 'POST', body: JSON.stringify(event) });
  }
}

setInterval(flush, 300); // state:declared

const app = express();
app.use(express.json());

app.post('/events', (req, res) => {
  buffer.push({ name: req.body.name }); // state:written
  res.status(202).json({ accepted: true });
});

app.get('/events', async (req, res) => {
  const events = (await (await fetch(at)).json()) || [];
  res.json({ count: events.length, events });
});

app.get('/health', (req, res) => res.json({ ok: true }));

app.listen(process.env.PORT || 3000);
