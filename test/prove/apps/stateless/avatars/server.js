const express = require('express4');
const multer = require('multer');
const { randomBytes } = require('crypto');

const app = express();
const upload = multer({ storage: multer.memoryStorage(), limits: { fileSize: 1_000_000 } });
const at = (name) => `${process.env.STORE_URL}/upload-${name}`;

app.get('/', (req, res) => {
  res.send('<form method="post" action="/avatars" enctype="multipart/form-data"><input type="file" name="avatar"></form>');
});

app.post('/avatars', upload.single('avatar'), async (req, res) => {
  if (!req.file) return res.status(400).json({ error: 'no file' });
  const name = randomBytes(16).toString('hex');
  await fetch(at(name), { method: 'PUT', body: JSON.stringify(req.file.buffer.toString('base64')) });
  res.status(201).json({ url: '/uploads/' + name });
});

app.get('/uploads/:name', async (req, res) => {
  const content = await (await fetch(at(req.params.name))).json();
  if (content === null) return res.sendStatus(404);
  res.type('application/octet-stream').send(Buffer.from(content, 'base64'));
});

app.listen(process.env.PORT || 3000);
