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

const go = `
	http.HandleFunc("/", home)
	http.HandleFunc("/api/links", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			var link struct{ Code, URL string }
			json.NewDecoder(r.Body).Decode(&link)
		}
	})
	mux.HandleFunc("DELETE /api/links/{code}", remove)
	router.POST("/albums", addAlbum)
`

test('of Go', () => {
  const { calls } = hintsInSource([{ path: 'main.go', text: go }])
  const posted = calls.find(({ method, path }) => method === 'POST' && path === '/api/links')
  assert.deepEqual(posted?.bodyKeys, ['Code', 'URL'])
  const told = new Set(calls.map(({ method, path }) => `${method} ${path}`))
  for (const each of ['GET /', 'GET /api/links', 'DELETE /api/links/{code}', 'POST /albums'])
    assert.ok(told.has(each), each)
})
