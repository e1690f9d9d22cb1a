// Reads its own files when they are first needed, and keeps them and what was made of them.
const fs = require('fs');
const path = require('path');
const express = require('express4');

const views = {};
const types = new WeakMap();
let loads = 0;

function view(name) {
  if (!views[name]) {
    loads += 1;
    views[name] = fs.readFileSync(path.join(__dirname, 'views', name + '.html'), 'utf8');
  }
  return views[name];
}

function typeOf(model) {
  if (!types.has(model)) types.set(model, Object.keys(model).sort().join(','));
  return types.get(model);
}

function render(name, model) {
  return view(name).replace(/{{(\w+)}}/g, (_, key) => String(model[key])) + `<!-- ${typeOf(model)} -->`;
}

const app = express();
app.get('/', (req, res) => res.send(render('page', { title: 'Lighthouse', text: 'Keeps turning' })));
app.get('/about', (req, res) => res.send(render('page', { title: 'About', text: 'Built in 1821' })));
app.use((req, res) => res.status(404).send(render('missing', { path: req.path.slice(1) })));
app.listen(process.env.PORT);
