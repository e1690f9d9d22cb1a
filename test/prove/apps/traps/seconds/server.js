// Everything that changes once a second: JWTs with iat and exp, Unix times, clocks in pages, ages.
const express = require('express');
const jwt = require('jsonwebtoken');

const key = process.env.JWT_SECRET;
const app = express();

app.get('/', (req, res) => {
  const clock = new Date().toTimeString().slice(0, 8);
  res.send(`<h1>Station</h1><p>It is ${clock}.</p><!-- built in ${Math.round(performance.now() % 7)} ms -->`);
});

app.post('/token', (req, res) => {
  const token = jwt.sign({ sub: 'ann' }, key, { expiresIn: 600 });
  res.json({ token, issued: Math.floor(Date.now() / 1000), expires_in: 600 });
});

app.get('/me', (req, res) => {
  try {
    const { sub, iat, exp } = jwt.verify(String(req.get('authorization')).slice(7), key);
    res.json({ sub, iat, exp, age: Math.floor(Date.now() / 1000) - iat });
  } catch {
    res.status(401).json({ error: 'unauthorized', timestamp: Date.now() });
  }
});

app.post('/refresh', (req, res) => {
  const { sub } = jwt.verify(String(req.get('authorization')).slice(7), key);
  res.json({ token: jwt.sign({ sub }, key, { expiresIn: 600 }) });
});

app.listen(process.env.PORT);
