// The programs of the guide to sessions run as they stand there: one for each framework, and the test of an app.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/until.ts'
import { examplesIn, withFolderOf } from './docs-examples.ts'
import { readText } from './imports.ts'

const run = promisify(execFile)
const examples = [...examplesIn({ path: 'docs/sessions.md', text: readText('docs/sessions.md') })]
const servers = examples.filter(([, program]) => program.includes('process.env.PORT'))
const frameworks = ['express', 'fastify', 'koa', 'hono', 'node-http', 'fetch']

test('the guide has a server for each framework', () => {
  assert.deepEqual(servers.map(([, program]) => entryOf(program)).toSorted(), frameworks.toSorted())
})

describe('servers', { concurrency: true }, () => {
  for (const [name, program] of servers) {
    test(`drover/${entryOf(program)}: the server of the guide counts a visitor's visits`, async () => {
      await withFolderOf(new Map([[name, program]]), async (folder) => {
        const server = await serve(folder, name)
        try {
          const first = await server.visit()
          assert.deepEqual(await first.json(), { visits: 1 })
          const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? ''
          assert.deepEqual(await (await server.visit(cookie)).json(), { visits: 2 })
        } finally {
          await server.stop()
        }
      })
    })
  }
})

test('the test of an app, as the guide shows it, passes', async () => {
  const [name = '', program = ''] = examples.find(([, text]) => text.includes('ManualClock')) ?? []
  const { stdout } = await withFolderOf(new Map([[name, program]]), (folder) =>
    run(process.execPath, ['--conditions=source', join(folder, name)], { env: environment(folder) }),
  )
  assert.match(stdout, /^ℹ pass 1$/m)
})

function entryOf(program: string): string {
  return /from 'drover\/([\w-]+)'/.exec(program)?.[1] ?? ''
}

function environment(folder: string): NodeJS.ProcessEnv {
  const store = `sqlite:${join(folder, 'sessions.db')}`
  return { ...process.env, NODE_TEST_CONTEXT: undefined, SESSION_STORE: store }
}

async function serve(folder: string, name: string) {
  const port = await freePort()
  const child = spawn(process.execPath, ['--conditions=source', join(folder, name)], {
    env: { ...environment(folder), PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += String(chunk)))
  const closed = once(child, 'close')
  const visit = (cookie = '') => fetch(`http://127.0.0.1:${port}/`, { headers: { cookie } })
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`Cannot run ${name}: it ended\n${errors}`)
    // Nothing that counts: a visitor without a cookie is a new one each time.
    return (await visit().catch(() => undefined))?.ok
  }
  const stop = async () => {
    child.kill('SIGKILL')
    await closed
  }
  try {
    await until(`${name} answers`, isUp)
  } catch (error) {
    await stop()
    throw error
  }
  return { visit, stop }
}
