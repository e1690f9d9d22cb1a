// Apps that do not start, and what is left of a proof that was killed.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { it } from 'node:test'
import { AppFailure } from '../../../src/prove/app/servers.ts'
import { untilGone } from '../../support/process.ts'
import { startFixture } from '../../support/fixture.ts'
import { until } from '../../support/until.ts'
import { appOf } from './app-of.ts'
import { ask, makeAppFolder, starterOf } from './support.ts'

const node = ['node', 'listens.cjs']

it('an app that crashes tells its last lines', async (test) => {
  const app = appOf(await makeAppFolder(), [...node, 'crash'])
  const starter = await starterOf(test)
  await assert.rejects(starter.startServers(app, 'private-disk', 2), (error) => {
    assert(error instanceof AppFailure)
    assert.match(error.message, /ended \(exit code 3\) before it was ready/)
    assert.deepEqual(error.lastLines, ['Error: no DATABASE_URL'])
    return true
  })
})

it('an app that listens on no port is given up, and says so', async (test) => {
  const app = appOf(await makeAppFolder(), [...node, 'never'], { readyTimeoutMs: 300 })
  await assert.rejects(
    (await starterOf(test)).startServers(app, 'single', 1),
    /not ready within 0.3 s: it listens on no port/,
  )
})

it('a command that does not exist is named', async (test) => {
  const app = appOf(await makeAppFolder(), ['nod', 'server.js'])
  await assert.rejects((await starterOf(test)).startServers(app, 'single', 1), /no such command "nod"/)
})

it('a reset that fails is named with what it said', async (test) => {
  const app = appOf(await makeAppFolder(), [...node, 'late'], { reset: 'echo no database; exit 4' })
  await assert.rejects((await starterOf(test)).startServers(app, 'single', 1), (error) => {
    assert(error instanceof AppFailure)
    assert.match(error.message, /reset command failed \(exit code 4\)/)
    assert.deepEqual(error.lastLines, ['no database'])
    return true
  })
})

it('with a path to be ready on, an instance is ready once that answers below 500', async (test) => {
  const app = appOf(await makeAppFolder(), [...node, 'late'], { readyPath: '/ready' })
  const servers = await (await starterOf(test)).startServers(app, 'single', 1)
  assert.equal((await fetch(`${servers.origins[0]}/ready`)).status, 200)
})

it('servers that already run are used as they are and cannot be restarted', async (test) => {
  const folder = await makeAppFolder()
  const starter = await starterOf(test)
  const running = await starter.startServers(appOf(folder, [...node, 'late']), 'single', 1)
  const servers = await starter.startServers(
    appOf(folder, [], { targets: running.origins }),
    'private-disk',
    1,
  )
  assert.equal(await ask(servers.origins[0]), '1')
  await assert.rejects(servers.restart(), AppFailure)
})

it('a proof that is killed leaves no process, and the next one removes its files', async (test) => {
  const folder = await makeAppFolder()
  const prover = startFixture(new URL('apps/prover.ts', import.meta.url), [folder])
  const pids = await until('the instances run', () => /^pids (\d+) (\d+)$/.exec(prover.lines.join('\n')))
  const root = (await readdir(tmpdir())).filter((name) => name.startsWith(`drover-prove-${prover.pid}-`))
  assert.equal(root.length, 1)
  await prover.stop()
  await untilGone([Number(pids[1]), Number(pids[2])])
  await starterOf(test)
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith(`drover-prove-${prover.pid}-`))
  assert.deepEqual(left, [])
})
