// Parts of `drover chaos` that meet the system: who can reach a fleet, the user's own command, memory that is held.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { MemoryBallast } from '../../src/cli/chaos/memory-ballast.ts'
import { isOpenToOthers } from '../../src/cli/chaos/reach.ts'
import { runCommand } from '../../src/cli/chaos/store-restart.ts'

test('isOpenToOthers tells a fleet by its host, or by what else its port answers on', async (t) => {
  const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.after(() => listener.close())
  const address = listener.address()
  assert.ok(address !== null && typeof address === 'object')
  const url = `http://127.0.0.1:${address.port}`
  assert.equal(await isOpenToOthers(url, []), false)
  assert.equal(await isOpenToOthers(url, ['127.0.0.1']), true)
  listener.close()
  await once(listener, 'close')
  assert.equal(await isOpenToOthers(url, ['127.0.0.1']), false)
  assert.equal(await isOpenToOthers('https://[::1]', []), false)
  assert.equal(await isOpenToOthers('http://192.0.2.7:8080', []), true)
})

test('runCommand tells how a command ended, with the last line that it complained', async () => {
  assert.deepEqual(await runCommand('exit 0'), { isGood: true, detail: 'done' })
  const failed = await runCommand('echo first >&2; echo no such service >&2; exit 3')
  assert.deepEqual(failed, { isGood: false, detail: 'exit code 3: no such service' })
  assert.deepEqual(await runCommand('kill -KILL $$'), { isGood: false, detail: 'SIGKILL' })
})

test('runCommand does not wait for a command that goes on', async () => {
  assert.deepEqual(await runCommand('sleep 0.5', 20), { isGood: false, detail: 'still runs after 0.02 s' })
})

test('MemoryBallast really uses what it holds, and takes no more once it is over', async () => {
  const mb = 1024 ** 2
  const before = process.memoryUsage().arrayBuffers
  const ballast = new MemoryBallast()
  await ballast.hold(40 * mb, new AbortController().signal)
  assert.ok(process.memoryUsage().arrayBuffers - before >= 40 * mb)
  ballast.release()
  const none = new MemoryBallast()
  const held = process.memoryUsage().arrayBuffers
  await none.hold(40 * mb, AbortSignal.abort())
  assert.ok(process.memoryUsage().arrayBuffers <= held)
  none.release()
})
