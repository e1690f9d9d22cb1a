import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpStep } from '../flow.ts'
import type { Reading } from '../reading.ts'
import { parseOpenApi } from './openapi.ts'

const petstore = `openapi: 3.0.3
info: { title: Pets, version: '1' }
servers: [{ url: 'http://localhost:8080/{base}', variables: { base: { default: api } } }]
paths:
  /pets:
    get: { responses: { '200': { description: ok } } }
    post:
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: '#/components/schemas/NewPet' } } }
      responses:
        '201': { description: made, content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } } }
  /pets/{petId}:
    parameters: [{ name: petId, in: path, required: true, schema: { type: integer } }]
    get: { responses: { '200': { description: ok } } }
    put:
      requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/NewPet' } } } }
      responses: { '200': { description: ok } }
    delete: { responses: { '204': { description: gone } } }
  /pets/{petId}/photos:
    post:
      parameters: [{ name: petId, in: path, required: true, schema: { type: integer } }]
      requestBody:
        content:
          multipart/form-data: { schema: { properties: { picture: { type: string, format: binary }, note: { type: string, example: cute } } } }
      responses: { '200': { description: ok } }
  /owners/{ownerId}:
    get: { parameters: [{ name: ownerId, in: path, required: true, schema: { type: string } }], responses: {} }
  /stats:
    get: { parameters: [{ name: day, in: query, required: true, schema: { type: string, format: date } }], responses: {} }
  /odd:
    post: { requestBody: { required: true, content: { application/xml: {} } }, responses: {} }
components:
  schemas:
    NewPet:
      required: [name, kind]
      properties:
        id: { type: integer, readOnly: true }
        name: { type: string, minLength: 3, maxLength: 12 }
        kind: { type: string, enum: [cat, dog] }
        age: { type: integer, minimum: 4, maximum: 30 }
        email: { type: string, format: email }
        tags: { type: array, items: { type: string, example: soft } }
        parent: { $ref: '#/components/schemas/NewPet' }
    Pet:
      allOf: [{ $ref: '#/components/schemas/NewPet' }, { properties: { id: { type: integer } } }]
`

const steps = ({ flow }: Reading) => flow.steps.filter((step): step is HttpStep => step.kind === 'http')
const lines = (reading: Reading) => steps(reading).map(({ method, path }) => `${method} ${path}`)

test('each resource is listed, written, read back, changed, deleted and read again; what is below it comes before it is deleted', () => {
  const reading = parseOpenApi(petstore, 'pets.yaml')
  assert.deepEqual(lines(reading), [
    'GET /api/pets',
    'POST /api/pets',
    'GET /api/pets',
    'GET /api/pets',
    'GET /api/pets/${petId}',
    'PUT /api/pets/${petId}',
    'GET /api/pets/${petId}',
    'POST /api/pets/${petId}/photos',
    'DELETE /api/pets/${petId}',
    'GET /api/pets/${petId}',
    'GET /api/pets',
    'GET /api/stats?day=2030-05-17',
  ])
  assert.deepEqual(steps(reading)[1]?.capture, { petId: { from: 'json', path: 'id' } })
  assert.deepEqual(reading.skipped, [
    'POST /odd: no body of type application/xml can be made',
    'GET /owners/{ownerId}: nothing creates its ownerId, and it has no example',
  ])
})

test('examples keep to required fields, enumerations, bounds and formats, and to the seed', () => {
  const bodyFor = (seed: number) => steps(parseOpenApi(petstore, 'p', { seed, maxSteps: 50 }))[1]?.body
  const body = bodyFor(1)
  assert.ok(body?.kind === 'json')
  const { name, kind, age, email, tags } = body.value as Record<string, unknown>
  assert.equal(String(name).length, 12)
  assert.deepEqual({ kind, age, tags }, { kind: 'cat', age: 4, tags: ['soft'] })
  assert.match(String(email), /^[a-z]{6}@example\.com$/)
  assert.deepEqual(bodyFor(1), body)
  assert.notDeepEqual(bodyFor(2), body)
})

test('a file is sent as one', () => {
  const { body } = steps(parseOpenApi(petstore, 'p')).find(({ path }) => path.endsWith('/photos')) ?? {}
  assert.deepEqual(body, {
    kind: 'multipart',
    parts: [
      { name: 'picture', value: 'a proof', filename: 'proof.txt', type: 'text/plain' },
      { name: 'note', value: 'cute', filename: undefined, type: undefined },
    ],
  })
})

test('3.1 in JSON: links and Location name what was created, and a login gives its token to what follows', () => {
  const json = {
    content: {
      'application/json': {
        schema: { type: 'object', properties: { user: { type: 'string', examples: ['ann'] } } },
      },
    },
  }
  const id = { name: 'id', in: 'path', required: true, schema: { type: ['string', 'null'] } }
  const ok = { '200': { description: 'ok' } }
  const reading = parseOpenApi(
    JSON.stringify({
      openapi: '3.1.0',
      security: [{ bearer: [] }],
      paths: {
        '/notes': {
          post: { requestBody: json, responses: { '201': { headers: { Location: {} }, content: {} } } },
        },
        '/notes/{id}': { parameters: [id], get: { responses: ok }, delete: { responses: ok } },
        '/teams': {
          post: {
            requestBody: json,
            responses: { '201': { links: { team: { parameters: { id: '$response.body#/team/key' } } } } },
          },
        },
        '/teams/{id}': { parameters: [id], get: { responses: ok } },
        '/login': {
          post: {
            requestBody: json,
            responses: {
              '200': {
                content: {
                  'application/json': {
                    schema: { properties: { data: { properties: { accessToken: {} } } } },
                  },
                },
              },
            },
          },
        },
      },
    }),
    'notes.json',
  )
  assert.deepEqual(lines(reading), [
    'POST /login',
    'POST /notes',
    'GET ${id}',
    'DELETE ${id}',
    'GET ${id}',
    'POST /teams',
    'GET /teams/${id2}',
  ])
  const [login, notes, , , , teams] = steps(reading)
  assert.deepEqual(login?.capture, { token: { from: 'json', path: 'data.accessToken' } })
  assert.equal(notes?.headers['authorization'], 'Bearer ${token}')
  assert.deepEqual(notes.capture, { id: { from: 'header', name: 'location' } })
  assert.deepEqual(teams?.capture, { id2: { from: 'json', path: 'team.key' } })
})

test('security that no operation gives is said', () => {
  const { skipped } = parseOpenApi(
    '{openapi: 3.0.0, security: [{key: []}], paths: {/a: {get: {}}}}',
    'a.yaml',
  )
  assert.deepEqual(skipped, ['security key: no operation logs in, so nothing proves who asks'])
})

test('what describes nothing is refused in one line', () => {
  assert.throws(
    () => parseOpenApi('openapi: 3.0.0', 'a.yaml'),
    /^DroverError: a\.yaml: Cannot use it as a description: wanted OpenAPI 3 with paths$/,
  )
  assert.throws(() => parseOpenApi('{swagger: "2.0", paths: {}}', 'a.yaml'), /wanted openapi 3\.0 or 3\.1$/)
  assert.throws(
    () => parseOpenApi('{openapi: 3.0.0, paths: {}}', 'a.yaml'),
    /Cannot make a flow of it: it has no operations$/,
  )
  const circle = '{openapi: 3.0.0, paths: {/a: {$ref: "#/paths/~1b"}, /b: {$ref: "#/paths/~1a"}}}'
  assert.throws(() => parseOpenApi(circle, 'a.yaml'), /it has no operations$/)
})
