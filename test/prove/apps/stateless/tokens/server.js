const express = require('express');
const jwt = require('jsonwebtoken');

const SECRET = process.env.JWT_SECRET;

const app = express();
app.use(express.json());

app.post('/login', (req, res) => {
  const { user, password } = req.body;
  if (password !== 'secret') return res.status(401).json({ error: 'Wrong password' });
  res.json({ token: jwt.sign({ sub: user, role: 'editor' }, SECRET, { expiresIn: '1h' }) });
});

function authenticated(req, res, next) {
  const [, token] = (req.get('authorization') || '').split(' ');
  try {
    req.user = jwt.verify(token, SECRET);
    next();
  } catch (error) {
    res.status(401).json({ error: error.message });
  }
}

app.get('/me', authenticated, (req, res) => res.json({ user: req.user.sub, role: req.user.role }));
app.get('/articles', authenticated, (req, res) => res.json({ articles: [], by: req.user.sub }));

app.listen(process.env.PORT || 3000);
