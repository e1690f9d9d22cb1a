const express = require('express4');
const multer = require('multer');

const app = express();
const upload = multer({ dest: 'uploads/', limits: { fileSize: 1_000_000 } }); // state:declared

app.get('/', (req, res) => {
  res.send('<form method="post" action="/avatars" enctype="multipart/form-data"><input type="file" name="avatar"></form>');
});

app.post('/avatars', upload.single('avatar'), (req, res) => { // state:written
  if (!req.file) return res.status(400).json({ error: 'no file' });
  res.status(201).json({ url: '/uploads/' + req.file.filename });
});

app.use('/uploads', express.static('uploads'));

app.listen(process.env.PORT || 3000);
