// `drover chaos` let loose on a real fleet: what it reports is what it did, and nothing is left stopped.
import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { ChaosReport } from '../../src/cli/chaos/report.ts'
import { ControlClient } from '../../src/control/client.ts'
import { readState } from '../support/process-state.ts'
import { makeFolder, openTerminal, run, serverPath, startFleet } from './terminal.ts'

const health = ['--health', '/', '--hang-timeout', '1s']
const server = ['--port', '0', '--', process.execPath, serverPath]

interface Crowd {
  readonly answered: () => number
  readonly failures: string[]
}

/** A few users who ask again and again until the test is over. */
function crowd(t: TestContext, url: string): Crowd {
  const agent = new Agent({ keepAlive: true })
  const failures: string[] = []
  let answered = 0
  const over = new AbortController()
  const ask = async () => {
    while (!over.signal.aborted) {
      const outcome = await get(url, agent)
      if (outcome === 200) answered++
      else if (!over.signal.aborted) failures.push(String(outcome))
    }
  }
  const users = Promise.all([ask(), ask()])
  t.after(async () => {
    over.abort()
    agent.destroy()
    await users
  })
  return { answered: () => answered, failures }
}

/** The status, or what went wrong. */
function get(url: string, agent: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    request(`${url}/slow?ms=20`, { agent }, (response) => {
      response.once('error', (error) => {
        resolve(error.message)
      })
      response.once('end', () => {
        resolve(response.statusCode ?? 0)
      })
      response.resume()
    })
      .once('error', (error) => {
        resolve(error.message)
      })
      .end()
  })
}

function clientOf(cwd: string): ControlClient {
  return new ControlClient({ stateDir: join(cwd, '.drover'), currentDir: process.cwd(), shownAs: 'here' })
}

async function assertNoneStopped(client: ControlClient): Promise<void> {
  const { instances } = await client.status()
  for (const { id, pid } of instances) {
    if (pid !== null) assert.notEqual(await readState(pid), 'T', `instance ${id} is left stopped`)
  }
}

test('drover chaos on a fleet under load', async (t) => {
  const cwd = await makeFolder()
  const { url } = await startFleet(t, ['--instances', '3', ...health, ...server], { cwd })
  const client = clientOf(cwd)
  const users = crowd(t, url)

  await t.test('it kills and stops instances, and reports what it did and what clients met', async () => {
    const flags = ['--kill-every', '500ms', '--hang', '--for', '4s', '--calm', '500ms', '--seed', '5']
    const { code, stdout, stderr } = await run(t, ['chaos', ...flags, '--json'], { cwd })
    const seen = { answered: users.answered(), failed: users.failures.length }
    const report: ChaosReport = JSON.parse(stdout)
    const { calm, underFault, verdict, faults } = report

    const done = (kind: string) => faults.filter((one) => one.kind === kind && one.outcome === 'done')
    assert.deepEqual([report.seed, faults.filter(({ kind }) => kind === 'kill').length], [5, 8])
    assert.deepEqual(
      report.kinds.map(({ kind, done: count }) => [kind, count]),
      [
        ['kill', done('kill').length],
        ['hang', 1],
      ],
    )
    assert.ok(done('kill').length > 0, stdout)
    assert.match(done('hang')[0]?.target ?? '', /^instance \d+ \(process \d+\)$/)

    assert.ok(calm.requests > 0 && underFault.requests > 0, stdout)
    assert.ok(seen.answered + seen.failed >= underFault.requests, `${seen.answered} answered of ${stdout}`)
    assert.equal(calm.failed + underFault.failed, seen.failed, users.failures.join('; '))
    const isGood = underFault.failed === 0
    assert.match(verdict, isGood ? /^nobody noticed: 0 of [\d,]+ requests failed$/ : /^clients noticed: /)
    assert.deepEqual([code, stderr], isGood ? [0, ''] : [1, `${verdict}\n`])
    await assertNoneStopped(client)
  })

  await t.test('interrupted, it lets go on what it has stopped, and reports', async () => {
    const terminal = openTerminal(t, ['chaos', '--hang', '--for', '5s', '--calm', '0ms'], { cwd })
    await terminal.shows('hang           instance')
    // Once by the terminal, and once more by npm run, which passes it on.
    terminal.process.kill('SIGINT')
    terminal.process.kill('SIGINT')
    await terminal.ended
    await assertNoneStopped(client)
    const output = terminal.stdout()
    assert.match(output, /hang +instance \d+ \(process \d+\): (?:not replaced, let go on|replaced) after /)
    assert.match(
      output,
      /calm, .* under fault, interrupted; the same again: .*chaos --hang --for 5s .*--seed \d+/,
    )
    assert.match(output, /^requests +[\d,]+ +[\d,]+$/m)
  })
})
