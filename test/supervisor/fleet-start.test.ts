// A fleet's way up: environment, readiness, what it prints, and what cannot be started.
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { isDroverError } from '../../src/base/errors.ts'
import { until } from '../support/until.ts'
import { fixture, fleetOf } from './fleet-under-test.ts'

test('Fleet starts every instance on its own free port and tells when each is ready', async (context) => {
  const { fleet, untilReady, changes } = fleetOf(context, 'listens.mjs', { instances: 3 })
  await fleet.start()
  assert.ok(fleet.instances().every(({ pid }) => pid !== undefined && pid > 0))
  const views = await untilReady()
  assert.equal(new Set(views.map(({ port }) => port)).size, 3)
  assert.equal(new Set(views.map(({ pid }) => pid)).size, 3)
  for (const { id, host, port, pid, epoch, restarts } of views) {
    assert.deepEqual({ host, epoch, restarts }, { host: '127.0.0.1', epoch: 1, restarts: 0 })
    assert.deepEqual(JSON.parse(await read(`http://127.0.0.1:${port}/`)), { pid, instance: id })
  }
  assert.deepEqual(changes.at(-1), views)
})

test('Fleet finds an app that listens on ::1 alone', async (context) => {
  const { fleet, untilReady } = fleetOf(context, 'listens-on-ipv6.mjs')
  await fleet.start()
  assert.equal((await untilReady())[0]?.host, '::1')
})

test('Fleet asks the health path and does not take 500 for ready', async (context) => {
  const sick = fleetOf(context, 'listens.mjs', { healthPath: '/sick', readyTimeoutMs: 1_500 })
  const well = fleetOf(context, 'listens.mjs', { healthPath: '/well' })
  await Promise.all([sick.fleet.start(), well.fleet.start()])
  await well.untilReady()
  const death = await until('the sick one is given up', () => sick.deaths[0])
  assert.match(
    death.reason,
    /^was not ready within 1500 ms: GET \/sick on its PORT \(\d+\) was not answered with 2xx$/,
  )
  assert.ok(sick.changes.flat().every(({ state }) => state !== 'ready'))
})

test('Fleet passes on the environment as it is, arguments, an empty input and no stray descriptor', async (context) => {
  const args = ['two words', '$HOME', '*', '']
  const env = { PATH: process.env['PATH'], 'odd.name': 'a b', go: 'on', PLAIN: '"q"' }
  const command = [process.execPath, fixture('tells-environment.mjs'), ...args]
  const told = fleetOf(context, '', { command, env })
  await told.fleet.start()
  const [port] = (await told.untilReady()).map((view) => view.port)
  const line = await until('it has told', () => told.output.find((one) => one.startsWith('1 stdout {')))
  const facts = JSON.parse(line.slice('1 stdout '.length))
  assert.deepEqual(facts.args, args)
  assert.equal(facts.input, '')
  assert.ok(!facts.third.startsWith('socket:') && !facts.third.startsWith('pipe:'), facts.third)
  const { PORT, DROVER_INSTANCE, go, PLAIN } = facts.env
  assert.deepEqual(
    { PORT, DROVER_INSTANCE, go, PLAIN, odd: facts.env['odd.name'] },
    { PORT: String(port), DROVER_INSTANCE: '1', go: 'on', PLAIN: '"q"', odd: 'a b' },
  )
})

test('Fleet cuts output into lines and passes on the last one when the instance ends', async (context) => {
  const { fleet, untilReady, output } = fleetOf(context, 'prints.mjs')
  await fleet.start()
  await untilReady()
  await fleet.stop()
  const stdout = output.filter((line) => line.startsWith('1 stdout ')).map((line) => line.slice(9))
  assert.equal(stdout.at(-1), 'no newline yet')
  assert.equal(stdout.slice(0, -1).join(''), 'x'.repeat(40_000))
  assert.deepEqual(
    output.filter((line) => line.startsWith('1 stderr ')),
    ['1 stderr to stderr'],
  )
})

test('Fleet refuses a command that does not exist, and leaves no lock behind', async (context) => {
  const { fleet, stateDir, changes } = fleetOf(context, '', { command: ['nod', 'server.js'] })
  await assert.rejects(fleet.start(), (error: unknown) => {
    assert.ok(isDroverError(error, 'OPTION_INVALID'))
    assert.equal(error.message, 'Cannot start an instance: no such command "nod"')
    return true
  })
  assert.deepEqual(changes, [])
  assert.ok(!existsSync(join(stateDir, 'lock')))
})

test('Fleet refuses a state folder in which another fleet runs, naming it', async (context) => {
  const first = fleetOf(context, 'listens.mjs')
  await first.fleet.start()
  const second = fleetOf(context, 'listens.mjs', { stateDir: first.stateDir })
  await assert.rejects(second.fleet.start(), (error: unknown) => {
    assert.ok(isDroverError(error, 'FLEET_ALREADY_RUNNING'))
    assert.ok(error.message.includes(`process ${process.pid} `), error.message)
    return true
  })
  await second.fleet.stop()
  await first.fleet.stop()
  const third = fleetOf(context, 'listens.mjs', { stateDir: first.stateDir })
  await third.fleet.start()
  await third.untilReady()
})

test('Fleet says so when the record is damaged, and starts', async (context) => {
  const { fleet, untilReady, log, stateDir } = fleetOf(context, 'listens.mjs')
  writeFileSync(join(stateDir, 'groups.json'), '{"run":"x","groups":[{"pid":')
  await fleet.start()
  await untilReady()
  assert.equal(log.length, 1)
  assert.match(log[0] ?? '', /^Cannot read the record of process groups ".*groups.json": /)
})

function read(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => {
        body += String(chunk)
      })
      response.on('end', () => {
        resolve(body)
      })
    }).on('error', reject)
  })
}

test('Fleet runs no instance where none is wanted any more once everything else is there', async (context) => {
  const beforeInstances = () => Promise.resolve(false)
  const { fleet } = fleetOf(context, 'listens.mjs', {}, { beforeInstances })
  await fleet.start()
  assert.deepEqual(fleet.instances(), [])
})
