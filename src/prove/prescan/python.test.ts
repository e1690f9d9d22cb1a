// Hints of Python sources: what is told, and what is left alone.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pythonHints } from './python.ts'

function kindsAt(files: Readonly<Record<string, string>>): readonly string[] {
  const sources = Object.entries(files).map(([file, text]) => ({ file, text }))
  return pythonHints(sources).map(({ kind, at, holder }) =>
    `${kind} ${at.file}:${at.line} ${holder ?? ''}`.trim(),
  )
}

describe('of one file', () => {
  const cases: readonly (readonly [name: string, source: string, hints: readonly string[]])[] = [
    [
      'a dictionary that a function fills',
      'carts = {}\n\n@app.post("/cart")\ndef add():\n    carts[user] = 1\n',
      ['module-state app.py:1 carts'],
    ],
    [
      'a list with a type, and what is kept in it',
      'todos: list[str] = []\nasync def add(t):\n    todos.append(t)\n',
      ['module-state app.py:1 todos'],
    ],
    [
      'a number that a function counts, where nothing else is kept',
      'hits = 0\ndef hit():\n    global hits\n    hits += 1\n    return hits\n',
      ['module-state app.py:1 hits'],
    ],
    [
      'not the number that only gives keys to what is kept',
      'notes = []\nlast = 0\ndef add():\n    global last\n    last += 1\n    notes.append(last)\n',
      ['module-state app.py:1 notes'],
    ],
    [
      'a field of an object that the module holds',
      'class Store:\n    def __init__(self):\n        self.items = {}\n    def add(self, item):\n        self.items[item.id] = item\nstore = Store()\n',
      ['module-state app.py:3 Store.items'],
    ],
    ['nothing of what is only read', 'NAMES = ["a"]\ndef names():\n    return NAMES\n', []],
    ['nothing of what the module itself fills', 'types = {}\ntypes["a"] = 1\n', []],
    ['nothing of what a function has for itself', 'a = []\ndef f():\n    a = []\n    a.append(1)\n', []],
    ['nothing of parameters', 'a = {}\ndef f(a, b=a):\n    a["x"] = 1\n', []],
    ['nothing of what stands in strings', '"""\na = {}\ndef f(): a[1] = 2\n"""\n# b = {}\n', []],
    [
      'sessions in a cache of the process',
      'SESSION_ENGINE = "django.contrib.sessions.backends.cache"\n',
      ['in-memory-session app.py:1'],
    ],
    [
      'sessions in files',
      'SESSION_ENGINE = "django.contrib.sessions.backends.file"\n',
      ['local-file app.py:1'],
    ],
    [
      'a cache in memory',
      'CACHES = {"default": {\n  "BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}\n',
      ['in-process-cache app.py:2'],
    ],
    [
      'the cache that Django has without settings',
      'from django.core.cache import cache\n',
      ['in-process-cache app.py:1'],
    ],
    [
      'what is remembered, but for settings',
      '@lru_cache\ndef get_settings():\n    return 1\n@lru_cache()\ndef price(item):\n    return 1\n',
      ['in-process-cache app.py:4'],
    ],
    ['a database in a file', 'db = sqlite3.connect("a.db")\n', ['local-sqlite app.py:1']],
    ['a secret that is drawn at boot', 'app.secret_key = os.urandom(24)\n', ['per-process-secret app.py:1']],
    [
      'the same in a setting',
      'app.config["SECRET_KEY"] = secrets.token_hex()\n',
      ['per-process-secret app.py:1'],
    ],
  ]
  for (const [name, source, hints] of cases) {
    it(name, () => {
      assert.deepEqual(kindsAt({ 'app.py': source }), hints)
    })
  }
})

it('of several files: what one declares and others change', () => {
  const imported = 'from .db import users, posts\ndef add(u):\n    users.append(u)\n    return posts\n'
  const through = 'import db\ndef add(p):\n    db.posts[p.id] = p\n'
  const files = {
    'app/db.py': 'users = []\nposts = {}\nother = []\n',
    'app/a.py': imported,
    'app/b.py': through,
  }
  assert.deepEqual(kindsAt(files), ['module-state app/db.py:1 users', 'module-state app/db.py:2 posts'])
})
