const express = require('express');

const at = process.env.STORE_URL + '/events';

const app = express();
app.use(express.json());

app.post('/events', async (req, res) => {
  await fetch(at + '?op=push', { method: 'POST', body: JSON.stringify({ name: req.body.name }) });
  res.status(202).json({ accepted: true });
});

app.get('/events', async (req, res) => {
  const events = (await (await fetch(at)).json()) || [];
  res.json({ count: events.length, events });
});

app.get('/health', (req, res) => res.json({ ok: true }));

app.listen(process.env.PORT || 3000);
