// What instances share and what not, on overlays where this machine can have them, and on copies.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { appOf } from './app-of.ts'
import { ask, hashOf, makeAppFolder, starterOf } from './support.ts'

interface Answer {
  readonly count: number
  readonly requests: number
  readonly hostname: string
  readonly pid: number
}

async function askWriter(origin: string | undefined): Promise<Answer> {
  return JSON.parse(await ask(origin)) as Answer
}

for (const disks of ['best', 'copy'] as const) {
  describe(`disks: ${disks}`, () => {
    it('private: each instance finds only what it wrote, under a hostname of its own', async (test) => {
      const folder = await makeAppFolder()
      const before = await hashOf(folder)
      const starter = await starterOf(test, { disks })
      const servers = await starter.startServers(appOf(folder, ['node', 'writer.cjs']), 'private-disk', 3)
      const answers = [
        await askWriter(servers.origins[0]),
        await askWriter(servers.origins[0]),
        await askWriter(servers.origins[2]),
      ]
      assert.deepEqual(
        answers.map(({ count, requests, hostname }) => [count, requests, hostname]),
        [
          [1, 1, 'instance-1'],
          [2, 2, 'instance-1'],
          [1, 1, 'instance-3'],
        ],
      )
      const written = await servers.writtenFiles(1)
      const named = Object.fromEntries(
        written.map(({ path, change }) => [
          path.replace(/^.*\/drover-prove-test/, 'drover-prove-test'),
          change,
        ]),
      )
      assert.deepEqual(named, {
        'counter.txt': 'added',
        'node_modules/.cache/kept': 'added',
        'doomed.txt': 'deleted',
        'drover-prove-test-upload': 'added',
      })
      assert.deepEqual(await servers.writtenFiles(2), [])
      assert.equal(String(await servers.readFile(1, 'counter.txt')), '2')
      assert.equal(await servers.readFile(2, 'counter.txt'), undefined)
      await servers.stop()
      assert.equal(await hashOf(folder), before)
      assert.equal(existsSync(join(tmpdir(), 'drover-prove-test-upload')), false)
    })

    it('shared: each instance finds what the others wrote, and the next run does not', async (test) => {
      const folder = await makeAppFolder()
      const before = await hashOf(folder)
      const starter = await starterOf(test, { disks })
      const app = appOf(folder, ['node', 'writer.cjs'])
      const servers = await starter.startServers(app, 'shared-disk', 2)
      await askWriter(servers.origins[0])
      const second = await askWriter(servers.origins[1])
      assert.deepEqual([second.count, second.requests, second.hostname], [2, 1, 'instance-2'])
      await servers.stop()
      const next = await starter.startServers(app, 'single', 1)
      assert.equal((await askWriter(next.origins[0])).count, 1)
      await next.stop()
      assert.equal(await hashOf(folder), before)
    })

    it('restart: another process, the same disk and origin', async (test) => {
      const folder = await makeAppFolder()
      const starter = await starterOf(test, { disks })
      const servers = await starter.startServers(appOf(folder, ['node', 'writer.cjs']), 'restart', 1)
      const origins = [...servers.origins]
      const first = await askWriter(origins[0])
      await servers.restart()
      const second = await askWriter(origins[0])
      assert.deepEqual([second.count, second.requests], [2, 1])
      assert.notEqual(second.pid, first.pid)
      assert.deepEqual(servers.origins, origins)
    })

    it('before and reset leave their files to every run and none in the folder', async (test) => {
      const folder = await makeAppFolder()
      const hash = await hashOf(folder)
      const starter = await starterOf(test, { disks })
      const app = appOf(folder, ['node', 'writer.cjs'], {
        before: 'echo -n 100 > counter.txt',
        reset: 'echo x >> resets.txt',
      })
      for (const run of [1, 2]) {
        const servers = await starter.startServers(app, 'private-disk', 2)
        assert.equal((await askWriter(servers.origins[1])).count, 101)
        assert.equal((await servers.readFile(1, 'resets.txt'))?.length, 2 * (run + 1))
        await servers.stop()
      }
      assert.equal(await hashOf(folder), hash)
    })
  })
}

it('a service of this machine is reached through its socket in a folder that is overlaid', async (test) => {
  const folder = await makeAppFolder()
  const socket = join(folder, 'service.sock')
  const service = createServer((connection) => connection.end('from the service'))
  service.listen(socket)
  await once(service, 'listening')
  test.after(() => service.close())
  const servers = await (
    await starterOf(test)
  ).startServers(appOf(folder, ['node', 'socket.cjs', socket]), 'private-disk', 2)
  assert.equal(await ask(servers.origins[1]), 'from the service')
})
