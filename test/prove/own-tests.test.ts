// The user's own tests against an adversarial balancer: what passes on one instance and fails on several tells of state.
import assert from 'node:assert/strict'
import { Agent, createServer, get } from 'node:http'
import { connect } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { proveWith } from '../../src/prove/prove.ts'
import type { ProofRun, Progress } from '../../src/prove/request.ts'
import { openAdversary, type Adversary } from '../../src/prove/tests/adversary.ts'
import { harOf, Recording } from '../../src/prove/tests/recording.ts'
import { runTests, type TestRun } from '../../src/prove/tests/test-run.ts'
import { listen } from '../support/free-port.ts'
import { inProcess, noApp, type LittleApp } from './support/in-process.ts'
import { app, found, memory, withSessions } from './support/little-app.ts'

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-own-tests-'))
})

after(async () => {
  await rm(folder, { recursive: true })
})

/** Servers that each remember names of their own. */
async function startInstances(
  t: TestContext,
  count: number,
): Promise<{ readonly origins: string[]; readonly asked: string[] }> {
  const asked: string[] = []
  const origins: string[] = []
  for (let instance = 1; instance <= count; instance += 1) {
    const names: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${instance} ${request.method} ${request.url}`)
      if (request.method === 'POST')
        request.setEncoding('utf8').on('data', (name: string) => names.push(name))
      if (request.url === '/enter') response.setHeader('set-cookie', `sid=${asked.length}; Path=/`)
      if (request.url === '/away') response.statusCode = 302
      const own = `http://localhost:${request.socket.localPort}/here`
      response.setHeader('location', own)
      response.setHeader('content-type', 'text/html')
      request.once('end', () => {
        const body = request.url === '/links' ? `<a href="${own}">` : JSON.stringify(names)
        response.setHeader('content-length', body.length).end(body)
      })
      request.resume()
    })
    server.on('upgrade', (request, socket) => {
      socket.end(`HTTP/1.1 101 Switching Protocols\r\nx-instance: ${instance}\r\n\r\n${request.url}`)
    })
    const port = await listen(server)
    t.after(() => server.close())
    origins.push(`http://127.0.0.1:${port}`)
  }
  return { origins, asked }
}

async function adversaryOf(
  t: TestContext,
  origins: readonly string[],
  recording?: Recording,
): Promise<Adversary> {
  const ports = origins.map((origin) => Number(new URL(origin).port))
  const adversary = await openAdversary({ origins, ports, seed: 1, ...(recording && { recording }) })
  t.after(() => adversary.close())
  return adversary
}

function nodeCommand(script: string): string {
  return `"${process.execPath}" --input-type=module -e '${script}'`
}

function run(t: TestContext, baseUrl: string, command: string, timeoutMs = 20_000): Promise<TestRun> {
  return runTests({ command, cwd: folder, env: process.env, baseUrl, timeoutMs, signal: t.signal })
}

const writesAndReads = nodeCommand(`
  const url = process.env.BASE_URL + "/names"
  await (await fetch(url, { method: "POST", body: "ann" })).text()
  const names = await (await fetch(url)).text()
  console.log("\\u001b[32mread", names)
  if (names !== \`["ann"]\`) process.exit(1)`)

test('tests that pass on one instance fail where the next request goes elsewhere', async (t) => {
  const one = await adversaryOf(t, (await startInstances(t, 1)).origins)
  assert.deepEqual(await run(t, one.origin, writesAndReads), {
    hasPassed: true,
    how: 'exited with code 0',
    lastLines: ['read ["ann"]'],
  })
  const several = await adversaryOf(t, (await startInstances(t, 3)).origins)
  assert.deepEqual(await run(t, several.origin, writesAndReads), {
    hasPassed: false,
    how: 'exited with code 1',
    lastLines: ['read []'],
  })
})

test('no request of a client goes where its last one went: side by side, on one connection, and once it has a cookie', async (t) => {
  const { origins, asked } = await startInstances(t, 3)
  const { origin } = await adversaryOf(t, origins)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const ask = (path: string, cookie?: string) =>
    new Promise<string>((resolve) => {
      get(`${origin}${path}`, { agent, headers: cookie === undefined ? {} : { cookie } }, (answer) => {
        answer.resume().once('end', () => resolve(answer.headers['set-cookie']?.[0]?.split(';')[0] ?? ''))
      })
    })
  const visit = async (client: string) => {
    const cookie = await ask('/enter')
    for (let turn = 0; turn < 10; turn += 1) await ask(`/${client}`, `theme=dark; ${cookie}`)
  }
  await Promise.all(['a', 'b'].map(visit))
  for (const client of ['a', 'b']) {
    const own = asked.filter((one) => one.endsWith(`/${client}`)).map((one) => one[0])
    assert.equal(own.length, 10)
    assert.ok(
      own.every((instance, index) => instance !== own[index - 1]),
      own.join(''),
    )
  }
})

test('an instance that names itself does not lead past the balancer', async (t) => {
  const { origin } = await adversaryOf(t, (await startInstances(t, 2)).origins)
  const away = await fetch(`${origin}/away`, { redirect: 'manual' })
  assert.equal(away.headers.get('location'), `${origin}/here`)
  assert.equal(await (await fetch(`${origin}/links`)).text(), `<a href="${origin}/here">`)
  assert.equal((await fetch(`${origin}/links`, { method: 'HEAD' })).status, 200)
})

test('an upgrade is passed on', async (t) => {
  const { port } = await adversaryOf(t, (await startInstances(t, 1)).origins)
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
  let heard = ''
  for await (const chunk of socket.setEncoding('utf8')) heard += String(chunk)
  assert.match(heard, /^HTTP\/1\.1 101 [^]*x-instance: 1[^]*\/chat$/)
})

test('what the tests did is recorded, and can be played again', async (t) => {
  const { origins } = await startInstances(t, 1)
  const recording = new Recording({ origin: 'http://app.test', now: () => 0 })
  const { origin } = await adversaryOf(t, origins, recording)
  await run(t, origin, writesAndReads)
  assert.deepEqual(
    harOf(recording.exchanges).log.entries.map(({ request, response, _client }) => [
      request.method,
      request.url,
      request.postData?.text,
      response.content.text,
      _client,
    ]),
    [
      ['POST', 'http://app.test/names', 'ann', '["ann"]', 'visitor'],
      ['GET', 'http://app.test/names', undefined, '["ann"]', 'visitor'],
    ],
  )
})

test('tests that never end are ended, with all they started; what they left running holds nobody up', async (t) => {
  const hanging = await run(t, 'http://127.0.0.1:9', nodeCommand('setInterval(() => undefined, 1000)'), 300)
  assert.deepEqual([hanging.hasPassed, hanging.how], [false, 'took longer than 0.3 s'])
  const leaving = await run(t, 'http://127.0.0.1:9', 'sleep 30 & echo done')
  assert.deepEqual([leaving.hasPassed, leaving.lastLines], [true, ['done']])
})

test('an instance that does not answer is a 502, as with any balancer', async (t) => {
  const { origin } = await adversaryOf(t, ['http://127.0.0.1:9'])
  assert.equal((await fetch(origin, { method: 'POST', body: 'x' })).status, 502)
})

async function prove(
  t: TestContext,
  little: LittleApp,
  command: string,
): Promise<ProofRun & { readonly told: readonly Progress[] }> {
  const told: Progress[] = []
  const starter = inProcess(little)
  const result = await proveWith(
    starter,
    {
      app: { ...noApp, cwd: folder, env: process.env },
      flow: { from: 'tests', command },
      seed: 1,
      schedules: 1,
      timeoutMs: 60_000,
    },
    { onProgress: (progress) => told.push(progress), signal: t.signal },
  )
  assert.equal(starter.running, 0)
  return { ...result, told }
}

/** Without fetch, which takes long to load. */
const logsIn = `"${process.execPath}" -e '
  const ask = (method, path, headers, then) =>
    require("node:http").request(process.env.BASE_URL + path, { method, headers }, (answer) => {
      answer.setEncoding("utf8").toArray().then((parts) => then(answer.headers, parts.join("")))
    }).end(method === "POST" ? "name=ann" : undefined)
  ask("POST", "/login", { "content-type": "application/x-www-form-urlencoded" }, (headers) =>
    ask("GET", "/me", { cookie: headers["set-cookie"][0].split(";")[0] }, (_, me) => {
      if (!me.includes("ann")) throw new Error("not ann")
    }))'`

test('tests that fail and the finding of their requests, played again, are one finding', async (t) => {
  const { proof, flow, told } = await prove(t, app(withSessions(memory)), logsIn)
  assert.equal(proof.verdict.verdict, 'stateful')
  const findings = proof.verdict.verdict === 'stateful' ? proof.verdict.findings : []
  assert.equal(findings.length, 1)
  const [{ divergence, tests } = {}] = findings
  assert.deepEqual([divergence?.writer, divergence?.reader], [0, 1])
  assert.deepEqual(
    flow.steps.slice(0, 2).map(({ origin }) => origin),
    ['POST /login in what the tests asked', 'GET /me in what the tests asked'],
  )
  assert.equal(tests?.how, 'exited with code 1')
  assert.deepEqual(tests.modes, { 'private-disk': true, 'shared-disk': true, restart: true })
  assert.ok(tests.lastLines.some((line) => line.includes('not ann')))
  assert.equal(proof.tests?.requests, 2)
  assert.ok(told.some(({ isOfTests, mode, step }) => isOfTests === true && mode === 'restart' && step === 2))
})

test('tests that pass whoever answers, and those that say nothing of BASE_URL', async (t) => {
  const { proof } = await prove(t, app(withSessions(({ outside }) => outside)), logsIn)
  assert.equal(proof.verdict.verdict, 'no-divergence')
  assert.deepEqual([proof.tests?.hasPassed, proof.tests?.adversarialRuns], [true, 2])
  const little = app(() => () => found('/'))
  const { proof: silent } = await prove(t, little, 'true')
  assert.match(JSON.stringify(silent.verdict), /could-not-judge.*the tests asked nothing of BASE_URL/)
  const { proof: failing } = await prove(t, little, 'echo broken; false')
  assert.match(JSON.stringify(failing.verdict), /the tests fail on one instance: they exited with code 1/)
  assert.deepEqual(failing.limits, ['the tests wrote: broken'])
})
