import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingKeys } from './api-body.ts'
import { fillIn, kindOf } from './form.ts'
import { type Form, parsePage } from './page.ts'
import { callsIn } from './script.ts'
import { hintsInSource } from './source-hints.ts'

const formIn = (html: string): Form => {
  const [form] = parsePage(html).forms
  assert.ok(form)
  return form
}

test('a page gives links, forms with the button that is clicked, scripts and the token of its meta tag', () => {
  const page = parsePage(`<head><base href="/shop/"><meta name="csrf-token" content="abcdef123456"></head>
    <a href="cart">Cart</a><a>no</a><script src="/app.js"></script><script>fetch('/x')</script>
    <form id=f method=post action=/buy enctype="multipart/form-data"><input name=sku type=hidden value=mug>
    <select name=size><option value="">choose<option value=m>M</select><textarea name=note></textarea>
    <button name=how value=fast>Buy</button></form><input name=far form=f>`)
  assert.equal(page.base, '/shop/')
  assert.equal(page.csrfMeta, 'abcdef123456')
  assert.deepEqual(
    page.links.map(({ href }) => href),
    ['cart'],
  )
  assert.deepEqual([page.scriptUrls, page.inlineScripts], [['/app.js'], ["fetch('/x')"]])
  const [form] = page.forms
  assert.deepEqual(
    form?.fields.map(({ name, value }) => `${name}=${value}`),
    ['sku=mug', 'far=', 'size=m', 'note=', 'how=fast'],
  )
  assert.equal(form?.isMultipart, true)
})

const kinds: readonly (readonly [string, string])[] = [
  ['login', '<form action=/login method=post><input name=user><input type=password name=p></form>'],
  [
    'register',
    '<form action=/a method=post><input name=user><input type=password name=p><input type=password name=p2></form>',
  ],
  ['register', '<form action=/signup method=post><input type=password name=p></form>'],
  ['logout', '<form action=/x method=post><button>Sign out</button></form>'],
  ['destroy', '<form action=/todos/1 method=post><input type=hidden name=_method value=DELETE></form>'],
  ['search', '<form action=/find><input name=q></form>'],
  ['other', '<form method=post><input name=text></form>'],
]
for (const [kind, html] of kinds)
  test(`a form is for ${kind}: ${html}`, () => assert.equal(kindOf(formIn(html)), kind))

test('fields are filled by type and name, passwords twice the same, within their bounds, the same for a seed', () => {
  const form =
    formIn(`<form method=post><input name=email type=email><input name=username maxlength=4><input type=password name=a><input type=password name=b>
    <input type=number name=quantity value=1 max=5><input type=date name=from><input type=checkbox name=terms><input type=radio name=c value=x><input type=radio name=c value=y><input type=hidden name=_csrf value=t><input name=text></form>`)
  const filled = (seed: number) =>
    Object.fromEntries(fillIn(form, { who: { seed, name: 'ann' }, account: undefined }))
  const { email, username, a, b, text, ...rest } = filled(1)
  assert.match(String(email), /^[a-z]{6}@example\.com$/)
  assert.equal(username, email?.slice(0, 4))
  assert.ok(a !== undefined && a === b && String(text).length > 0)
  assert.deepEqual(rest, { quantity: '2', from: '2030-05-17', terms: 'on', c: 'x', _csrf: 't' })
  assert.deepEqual(filled(1), { ...filled(1) })
  assert.notEqual(filled(2)['email'], email)
})

test('scripts tell what they call, with what, and where something is put in', () => {
  const calls = callsIn(`
    fetch('/api/todos', { method: 'POST', headers: {}, body: JSON.stringify({ text, done: false }) })
    const list = await fetch("/api/todos").then((r) => r.json())
    fetch(\`/api/todos/\${todo.id}\`, { method: 'DELETE' }); axios.put('/api/me', { name: n.value })
    $.post('/save', { a: 1 }); xhr.open('PATCH', '/y'); fetch('/z/' + id); fetch('https://elsewhere/api')
    const API = '/api/things'`)
  assert.deepEqual(
    calls.map(({ method, path, bodyKeys }) => `${method} ${path} ${bodyKeys.join()}`.trim()).toSorted(),
    [
      'DELETE /api/todos/:todo_id',
      'GET /api/things',
      'GET /api/todos',
      'GET /z/:x',
      'PATCH /y',
      'POST /api/todos text,done',
      'POST /save a',
      'PUT /api/me name',
    ],
  )
})

test('a refusal names what it misses', () => {
  assert.deepEqual(missingKeys('{"error":"Title is required"}'), ['Title'])
  assert.deepEqual(missingKeys('{"error":"username and password are required"}').toSorted(), [
    'password',
    'username',
  ])
  assert.deepEqual(missingKeys('{"issues":[{"path":["dueDate"],"message":"Invalid"}]}'), ['dueDate'])
})

test('the app’s source names routes below their prefixes, what handlers read, uploads, sockets and demo accounts', () => {
  const hints = hintsInSource([
    {
      path: 'app.js',
      text: `app.use('/api/todos', require('./routes/todos')); app.get('/', home); app.listen(1)
const users = [{ username: 'ann', password: 'wonderland' }]
new WebSocketServer({ server, path: '/chat' })
app.post('/upload', upload.single('photo'), save)`,
    },
    {
      path: 'routes/todos.js',
      text: `router.get('/', list)\nrouter.post('/', (req, res) => { const { text, done = false } = req.body })\nrouter.delete('/:id', x)`,
    },
    { path: 'raw.py', text: "@app.route('/notes', methods=['GET', 'POST'])\ndef notes(): pass" },
    {
      path: 'plain.mjs',
      text: "if (request.method === 'PUT' && url === '/settings') { const { theme } = await request.json() }",
    },
  ])
  assert.deepEqual(
    hints.calls
      .map(({ method, path, bodyKeys, fileField = '' }) =>
        `${method} ${path} ${bodyKeys.join()}${fileField}`.trim(),
      )
      .toSorted(),
    [
      'DELETE /api/todos/:id',
      'GET /',
      'GET /api/todos',
      'GET /notes',
      'POST /api/todos text,done',
      'POST /notes',
      'POST /upload photo',
      'PUT /settings theme',
    ],
  )
  assert.deepEqual(
    hints.accounts.map(({ user, password }) => [user, password]),
    [['ann', 'wonderland']],
  )
  assert.deepEqual(hints.socketPaths, ['/chat'])
})
