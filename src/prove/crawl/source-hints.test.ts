// What handlers read of a body, by the source.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hintsInSource } from './source-hints.ts'

const python = `
@app.post("/cart")
def add():
    product = request.get_json()["product"]
    count = request.json.get("count", 1)

@app.route("/login", methods=["POST"])
def login():
    data = request.get_json(silent=True)
    return check(data.get('user'), request.form["password"])
`

test('of Flask and its like', () => {
  const { calls } = hintsInSource([{ path: 'app.py', text: python }])
  assert.deepEqual(
    calls.map(({ method, path, bodyKeys }) => [method, path, bodyKeys]),
    [
      ['POST', '/cart', ['product', 'count']],
      ['POST', '/login', ['user', 'password']],
    ],
  )
})
