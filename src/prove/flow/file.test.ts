import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import { parse } from 'yaml'
import { encodeBody } from '../drive/body.ts'
import { keysOf } from './file-schema.ts'
import { parseFlow, readFlowFile } from './file.ts'
import type { HttpStep, Step } from './flow.ts'

const checkout = `# A visitor buys, another looks on.
clients: [ann, bob]
steps:
  - GET /
  - POST /sign-in:
      form: { user: ann, password: ann, remember: true }
      expect: 303
  - method: post
    path: /api/cart
    headers: { x-trace: 7 }
    body: { sku: mug, quantity: 2, gift: [null, true] }
    capture:
      line: { json: "$.items[0].id" }
      token: { regex: 'name="csrf" value="([^"]+)"' }
      next: { header: Location }
  - wait: 250
  - GET /api/cart/\${line}: { as: bob, repeat: 3, expect: { status: 200, includes: mug } }
  - POST /upload:
      wait: 5
      multipart: { note: hello, picture: { value: GIF89a, filename: a.gif, type: image/gif } }
  - { method: PUT, path: /note, text: 'csrf=\${token}', type: text/x-note }
  - { connect: /chat, socket: room, send: { say: hi }, expect: hi, close: true }
`

const request = (step: Step | undefined): HttpStep => {
  assert.equal(step?.kind, 'http')
  return step
}

test('a file of every kind of step is read, repeats unrolled and shorthands spelled out', () => {
  const { clients, steps } = parseFlow(checkout, 'checkout.yaml')
  assert.deepEqual(clients, ['ann', 'bob'])
  assert.deepEqual(
    steps.map((step) => (step.kind === 'http' ? `${step.client} ${step.method} ${step.path}` : step.kind)),
    [
      'ann GET /',
      'ann POST /sign-in',
      'ann POST /api/cart',
      'wait',
      ...Array.from({ length: 3 }, () => 'bob GET /api/cart/${line}'),
      'wait',
      'ann POST /upload',
      'ann PUT /note',
      ...Array.from({ length: 4 }, () => 'websocket'),
    ],
  )
  assert.deepEqual(request(steps[1]), {
    kind: 'http',
    client: 'ann',
    origin: 'checkout.yaml:5',
    method: 'POST',
    path: '/sign-in',
    headers: {},
    body: { kind: 'form', fields: { user: 'ann', password: 'ann', remember: 'true' } },
    capture: {},
    expect: { status: 303, includes: undefined },
  })
  assert.deepEqual(request(steps[2]).capture, {
    line: { from: 'json', path: 'items.0.id' },
    token: { from: 'regex', pattern: 'name="csrf" value="([^"]+)"' },
    next: { from: 'header', name: 'location' },
  })
  assert.deepEqual(request(steps[2]).headers, { 'x-trace': '7' })
  assert.deepEqual(request(steps[8]).body, {
    kind: 'multipart',
    parts: [
      { name: 'note', value: 'hello', filename: undefined, type: undefined },
      { name: 'picture', value: 'GIF89a', filename: 'a.gif', type: 'image/gif' },
    ],
  })
  assert.deepEqual(request(steps[9]).body, { kind: 'text', text: 'csrf=${token}', type: 'text/x-note' })
  assert.deepEqual(
    steps.slice(10).map((step) => (step.kind === 'websocket' ? step.action.do : '')),
    ['connect', 'send', 'expect', 'close'],
  )
})

test('what is no text is sent as base64, or from a file beside the flow file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'drover-flow-'))
  try {
    const path = join(folder, 'upload.yaml')
    await writeFile(join(folder, 'herd.png'), Buffer.from([0x89, 0x50, 0xff]))
    await writeFile(
      path,
      '- POST /x: { multipart: { a: { base64: iVD/, filename: a }, b: { file: herd.png, type: image/png } } }',
    )
    const { steps } = await readFlowFile(path)
    const body = request(steps[0]).body
    assert.deepEqual(body, {
      kind: 'multipart',
      parts: [
        { name: 'a', value: 'iVD/', encoding: 'base64', filename: 'a', type: undefined },
        { name: 'b', value: 'iVD/', encoding: 'base64', filename: 'herd.png', type: 'image/png' },
      ],
    })
    assert.ok(encodeBody(body, {}).bytes.includes(Buffer.from('\r\n\r\n\u0089P\u00ff\r\n', 'latin1')))
    await writeFile(path, '- POST /x:\n    multipart:\n      a: { file: none.png }')
    await assert.rejects(readFlowFile(path), /upload\.yaml:3: Cannot send none\.png: there is no such file$/)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('JSON is read as well, and indented with tabs', () => {
  const { steps } = parseFlow('[\n\t"GET /",\n\t{ "POST /a": { "body": { "n": 1 } } }\n]', 'flow.json')
  assert.deepEqual(request(steps[1]).body, { kind: 'json', value: { n: 1 } })
  assert.equal(steps[1]?.origin, 'flow.json:3')
})

const refused: readonly (readonly [name: string, text: string, message: string])[] = [
  [
    'a mistyped key',
    '- GET /\n- method: GET\n  path: /x\n  hedaers: {}',
    'f.yaml:4: Cannot use hedaers: there is no such key, did you mean headers?',
  ],
  [
    'a mistyped key below a request line',
    '- GET /x:\n    captrue: {}',
    'f.yaml:2: Cannot use captrue: there is no such key, did you mean capture?',
  ],
  [
    'a mistyped key of a capture',
    '- GET /x:\n    capture:\n      id: { jsn: id }',
    'f.yaml:3: Cannot use jsn: there is no such key, did you mean json?',
  ],
  [
    'a mistyped key of the head',
    'step: [GET /]',
    'f.yaml:1: Cannot use step: there is no such key, did you mean steps?',
  ],
  ['a mistyped method', '- GTE /cart', 'f.yaml:1: Cannot use method GTE: did you mean GET?'],
  ['a missing method', '- GET /\n- path: /cart', 'f.yaml:2: Cannot use this step: method is missing'],
  ['a missing path', '- method: GET', 'f.yaml:1: Cannot use this step: path is missing'],
  [
    'a whole address',
    '- GET http://localhost/x',
    'f.yaml:1: Cannot use path "http://localhost/x": wanted a path such as /cart, without the app’s address, blanks or #',
  ],
  [
    'two bodies',
    '- POST /x:\n    form: { a: 1 }\n    text: b',
    'f.yaml:3: Cannot use form and text at once: a request has one body',
  ],
  [
    'two contents of a part',
    '- POST /x:\n    multipart:\n      a: { file: b, base64: Yg== }',
    'f.yaml:3: Cannot use base64 and file at once: a part has one content',
  ],
  [
    'base64 that is none',
    '- POST /x:\n    multipart:\n      a: { base64: "b!" }',
    'f.yaml:3: Cannot use multipart.a.base64 "b!": wanted base64 without blanks',
  ],
  [
    'type without text',
    '- POST /x:\n    form: { a: 1 }\n    type: b',
    'f.yaml:3: Cannot use type: it belongs to text',
  ],
  [
    'a bad regex',
    '- GET /x:\n    capture: { a: { regex: "(" } }',
    'f.yaml:2: Cannot use capture.a.regex "(": wanted a regular expression (Invalid regular expression: /(/u: Unterminated group)',
  ],
  [
    'two captures in one',
    '- GET /x:\n    capture: { a: { regex: b, json: c } }',
    'f.yaml:2: Cannot use capture.a {"json":"c","regex":"b"}: wanted one of json, regex and header',
  ],
  [
    'a variable nobody captures',
    '- GET /x\n- GET /x/${id}',
    'f.yaml:2: Cannot use ${id}: no step before it captures that',
  ],
  [
    'a mistyped variable',
    '- GET /x: { capture: { order: { json: id } } }\n- POST /x:\n    form:\n      a: ${ordre}',
    'f.yaml:4: Cannot use ${ordre}: did you mean ${order}?',
  ],
  [
    'repeat out of bounds',
    '- GET /x:\n    repeat: 1001',
    'f.yaml:2: Cannot use repeat 1001: wanted a whole number from 1 to 1000',
  ],
  [
    'repeat of nothing',
    '- GET /x:\n    repeat: 0',
    'f.yaml:2: Cannot use repeat 0: wanted a whole number from 1 to 1000',
  ],
  [
    'too many steps',
    '- GET /x: { repeat: 1000 }\n- GET /x: { repeat: 1000 }\n- GET /y',
    'f.yaml:3: Cannot use more than 2000 steps, repeats included',
  ],
  [
    'a client that is not declared',
    'clients: [ann]\nsteps:\n  - GET /:\n      as: bob',
    'f.yaml:4: Cannot use as bob: wanted one of ann',
  ],
  ['no steps', '[]', 'f.yaml: Cannot use a flow without steps: wanted such as - GET /cart'],
  [
    'no flow at all',
    'hello',
    'f.yaml: Cannot use it as a flow: wanted a list of steps, or { clients, steps }',
  ],
  [
    'a number for a step',
    '- GET /\n- 7',
    'f.yaml:2: Cannot use this step: wanted such as GET /cart, or { method, path }',
  ],
  ['a step of one word', '- cart', 'f.yaml:1: Cannot use step "cart": wanted such as GET /cart'],
  [
    'a header of two lines',
    '- GET /x:\n    headers: { a: "b\\nc" }',
    'f.yaml:2: Cannot use headers.a "b\\nc": wanted a text of one line',
  ],
  [
    'a socket step of nothing',
    '- socket: a',
    'f.yaml:1: Cannot use this step: wanted connect, send, expect or close',
  ],
]

for (const [name, text, message] of refused) {
  test(`refused in one line: ${name}`, () => {
    assert.throws(() => parseFlow(text, 'f.yaml'), { code: 'OPTION_INVALID', message })
  })
}

test('broken YAML and doubled keys are refused at their line', () => {
  assert.throws(
    () => parseFlow('- GET /\n- { a: [ }\n', 'f.yaml'),
    /^DroverError: f\.yaml:2: Cannot read it: /,
  )
  assert.throws(
    () => parseFlow('- method: GET\n  path: /\n  path: /x\n', 'f.yaml'),
    /^DroverError: f\.yaml:3: Cannot read it: /,
  )
})

test('a short file cannot become a huge one through aliases', () => {
  const levels = Array.from(
    { length: 9 },
    (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`,
  )
  const bomb = ['l0: &l0 [x]', ...levels, 'steps: *l9'].join('\n')
  assert.throws(() => parseFlow(bomb, 'f.yaml'), /^DroverError: f\.yaml: Cannot read it: /)
})

test('a file that is missing, a folder or huge is refused by its path', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'drover-flow-'))
  try {
    const huge = join(folder, 'huge.yaml')
    await writeFile(huge, `# ${'x'.repeat(1_048_576)}\n- GET /`)
    await assert.rejects(
      readFlowFile(join(folder, 'none.yaml')),
      /none\.yaml: Cannot read it: there is no such file$/,
    )
    await assert.rejects(readFlowFile(folder), /: Cannot read it: it is a folder$/)
    await assert.rejects(readFlowFile(huge), /huge\.yaml: Cannot read 1048586 bytes: wanted at most 1048576$/)
  } finally {
    await rm(folder, { recursive: true })
  }
})

const schema: unknown = JSON.parse(
  readFileSync(new URL('../../../schema/flow.schema.json', import.meta.url), 'utf8'),
)

function propertiesOf(name: string): readonly string[] {
  const { definitions } = schema as { definitions: Record<string, { properties: Record<string, unknown> }> }
  return Object.keys(definitions[name]?.properties ?? {}).toSorted()
}

test('the JSON Schema knows the keys that the reader knows', () => {
  assert.deepEqual(propertiesOf('request'), keysOf.request.toSorted())
  assert.deepEqual(
    propertiesOf('more'),
    keysOf.request.filter((key) => key !== 'method' && key !== 'path').toSorted(),
  )
  assert.deepEqual(propertiesOf('socket'), keysOf.socket.toSorted())
  assert.deepEqual(propertiesOf('pause'), keysOf.pause.toSorted())
  assert.deepEqual(propertiesOf('part'), keysOf.part.toSorted())
})

/** Fastify judges bodies by JSON Schema; it neither converts nor drops anything here. */
async function validator(): Promise<FastifyInstance> {
  const app = fastify({
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, strict: false },
    },
  })
  app.post('/', { schema: { body: schema } }, () => 'right')
  await app.ready()
  return app
}

async function judge(app: FastifyInstance, text: string): Promise<number> {
  const { statusCode } = await app.inject({
    method: 'POST',
    url: '/',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(parse(text)),
  })
  return statusCode
}

/** What only a whole flow shows. */
const beyondSchema = /variable|too many|not declared|no steps/

test('the JSON Schema takes the flow that the reader takes, and refuses what it refuses', async () => {
  const app = await validator()
  try {
    assert.equal(await judge(app, checkout), 200)
    for (const [name, text] of refused.filter(([title]) => !beyondSchema.test(title)))
      assert.equal(await judge(app, text), 400, name)
  } finally {
    await app.close()
  }
})
