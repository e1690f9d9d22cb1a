// A port that is written into an app is given another number once, though the workers of a cluster leave the listening to their primary.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  ownPortVariable,
  portFolderVariable,
  sparePortsVariable,
  writePortModule,
} from '../../src/prove/app/remap-ports.ts'
import { KeptPorts } from '../../src/prove/app/kept-ports.ts'

const program = `
  const cluster = require('cluster')
  if (cluster.isPrimary) {
    const ports = []
    const done = () => { console.log(ports.join(' ')); process.exit() }
    cluster.on('listening', (_, { port }) => { if (ports.push(port) === 2) done() })
    cluster.on('exit', done)
    cluster.fork()
    cluster.fork()
  } else require('http').createServer().listen(3000)
`

test('both workers of a cluster listen on the one port that was given instead', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-cluster-ports-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const kept = new KeptPorts()
  const [own, spare, other] = [await kept.take(), await kept.take(), await kept.take()]
  for (const port of [own, spare, other]) kept.release(port)
  const path = join(folder, 'app.cjs')
  writeFileSync(path, program)
  const app = spawn(process.execPath, ['--require', writePortModule(folder), path], {
    env: {
      ...process.env,
      [ownPortVariable]: `${own}`,
      [sparePortsVariable]: `${spare},${other}`,
      [portFolderVariable]: folder,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  app.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  await once(app, 'close')
  const [first, second] = said.trim().split(' ')
  assert.ok(first === `${spare}` || first === `${other}`, said)
  assert.equal(second, first)
})
