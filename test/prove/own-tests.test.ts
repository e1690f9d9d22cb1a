// The user's own tests against an adversarial balancer: what passes on one instance and fails on several tells of state.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test, type TestContext } from 'node:test'
import { openAdversary, type Adversary } from '../../src/prove/tests/adversary.ts'
import { Recording } from '../../src/prove/tests/recording.ts'
import { runTests, type TestRun } from '../../src/prove/tests/test-run.ts'
import { listen } from '../support/free-port.ts'

/** Servers that each remember names of their own, and answer with how often they were asked. */
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
      request.once('end', () => response.setHeader('x-instance', instance).end(JSON.stringify(names)))
      request.resume()
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
  let turn = 0
  const random = () => (turn++ * 0.37) % 1
  const adversary = await openAdversary({ origins, random, ...(recording && { recording }) })
  t.after(() => adversary.close())
  return adversary
}

function run(t: TestContext, baseUrl: string, script: string, timeoutMs = 20_000): Promise<TestRun> {
  const command = `"${process.execPath}" --input-type=module -e '${script}'`
  return runTests({ command, cwd: process.cwd(), env: process.env, baseUrl, timeoutMs, signal: t.signal })
}

const writesAndReads = `
  const url = process.env.BASE_URL + "/names"
  await (await fetch(url, { method: "POST", body: "ann" })).text()
  const names = await (await fetch(url)).text()
  console.log("read", names)
  if (names !== \`["ann"]\`) process.exit(1)`

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

test('no request of a client goes where its last one went', async (t) => {
  const { origins, asked } = await startInstances(t, 3)
  const { origin } = await adversaryOf(t, origins)
  for (let turn = 0; turn < 20; turn += 1) {
    for (const client of ['a', 'b'])
      await (await fetch(`${origin}/${client}`, { headers: { cookie: `sid=${client}` } })).text()
  }
  for (const client of ['a', 'b']) {
    const own = asked.filter((one) => one.endsWith(`/${client}`)).map((one) => one[0])
    assert.equal(own.length, 20)
    assert.ok(
      own.every((instance, index) => instance !== own[index - 1]),
      own.join(''),
    )
  }
})

test('what the tests did is recorded, and can be played again', async (t) => {
  const { origins } = await startInstances(t, 1)
  const recording = new Recording('http://app.test', () => 0)
  const { origin } = await adversaryOf(t, origins, recording)
  await run(t, origin, writesAndReads)
  const { entries } = recording.har.log
  assert.deepEqual(
    entries.map(({ request, response }) => [
      request.method,
      request.url,
      request.postData?.text,
      response.content.text,
    ]),
    [
      ['POST', 'http://app.test/names', 'ann', '["ann"]'],
      ['GET', 'http://app.test/names', undefined, '["ann"]'],
    ],
  )
})

test('tests that never end are ended, with all they started', async (t) => {
  const { origin } = await adversaryOf(t, ['http://127.0.0.1:9'])
  const { hasPassed, how } = await run(t, origin, 'setInterval(() => undefined, 1000)', 500)
  assert.deepEqual([hasPassed, how], [false, 'took longer than 0.5 s'])
})

test('an instance that does not answer is a 502, as with any balancer', async (t) => {
  const { origin } = await adversaryOf(t, ['http://127.0.0.1:9'])
  assert.equal((await fetch(origin)).status, 502)
})
