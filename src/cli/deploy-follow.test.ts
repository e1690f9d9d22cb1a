import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DroverError } from '../base/errors.ts'
import type { DeployEnded, DeployEvent } from '../control/deploying.ts'
import { sameWishMs } from '../runtime/interrupt.ts'
import { followDeploy, type DeployPorts } from './deploy-follow.ts'

const begun: DeployEvent = { kind: 'begun', version: 'v2', number: 2, replaces: 'v1', instances: 2 }
const ended: DeployEnded = {
  kind: 'ended',
  outcome: 'aborted',
  version: 'v2',
  number: 2,
  running: 'v1',
  elapsedMs: 1,
  reason: null,
  lines: [],
}

/** A deploy under the test's hand. */
function begin(over: Partial<DeployPorts['client']> = {}) {
  const end = Promise.withResolvers<DeployEnded>()
  const said: string[] = []
  const shown: string[] = []
  let aborts = 0
  let nowMs = 0
  let tell: (event: DeployEvent) => void = () => undefined
  let press: (signal: 'SIGINT' | 'SIGTERM') => void = () => undefined
  let isListening = true
  const following = followDeploy({
    client: {
      abortDeploy: () => {
        aborts += 1
        return Promise.resolve({ version: 'v2' })
      },
      isRunning: () => Promise.resolve(true),
      ...over,
    },
    start: (onEvent) => {
      tell = onEvent
      return end.promise
    },
    show: ({ kind }) => shown.push(kind),
    say: (line) => said.push(line),
    onSignal: (listener) => {
      press = listener
      return () => {
        isListening = false
      }
    },
    now: () => nowMs,
  })
  return {
    following,
    end,
    said,
    shown,
    tell: (event: DeployEvent) => {
      tell(event)
    },
    press: (atMs: number, signal: 'SIGINT' | 'SIGTERM' = 'SIGINT') => {
      nowMs = atMs
      press(signal)
    },
    aborts: () => aborts,
    isListening: () => isListening,
  }
}

test('followDeploy shows each step and resolves to the end', async () => {
  const deploy = begin()
  deploy.tell(begun)
  deploy.tell(ended)
  deploy.end.resolve(ended)
  assert.equal(await deploy.following, ended)
  assert.deepEqual([deploy.shown, deploy.aborts(), deploy.isListening()], [['begun'], 0, false])
})

test('Ctrl-C asks the fleet to give the deploy up and waits for that; its echo changes nothing', async () => {
  const deploy = begin()
  deploy.tell(begun)
  deploy.press(10)
  deploy.press(10 + sameWishMs - 1)
  assert.equal(deploy.aborts(), 1)
  assert.deepEqual(deploy.said, [
    'Ctrl-C: the fleet is asked to give the deploy up. Once more leaves at once',
  ])
  deploy.end.resolve(ended)
  assert.equal(await deploy.following, ended)
})

test('Ctrl-C before the deploy has begun is meant for it all the same', async () => {
  const deploy = begin()
  deploy.press(10)
  deploy.tell(begun)
  assert.equal(deploy.aborts(), 2)
  deploy.end.resolve(ended)
  await deploy.following
})

test('a second Ctrl-C and a SIGTERM leave at once and say what goes on', async () => {
  const twice = begin()
  twice.tell(begun)
  twice.press(10)
  twice.press(10 + sameWishMs)
  await assert.rejects(twice.following, {
    code: 'DEPLOY_FAILED',
    message: 'Cannot say how the deploy of v2 ends: left; the fleet goes on giving it up by itself',
  })
  const told = begin()
  told.press(10, 'SIGTERM')
  await assert.rejects(told.following, {
    code: 'DEPLOY_FAILED',
    message: 'Cannot say how the deploy ends: left; the deploy goes on without it',
  })
  assert.equal(told.aborts(), 0)
})

const broken = new DroverError('CONTROL_FAILED', 'Cannot reach the fleet in here: aborted')

test('a connection that broke is told apart from a fleet that died', async () => {
  const breaks = begin()
  breaks.tell(begun)
  breaks.end.reject(broken)
  await assert.rejects(breaks.following, broken)
  let looks = 0
  const isRunning = () => {
    looks += 1
    return looks === 1 ? Promise.reject(new Error('reset')) : Promise.resolve(false)
  }
  const dies = begin({ isRunning })
  dies.tell(begun)
  dies.end.reject(broken)
  await assert.rejects(dies.following, {
    code: 'FLEET_NOT_RUNNING',
    message:
      /^Cannot say how the deploy of v2 ends: the fleet has died in the middle of it, and nothing runs/,
  })
})

test('an abort that cannot be asked for is said, and the deploy is followed on', async () => {
  const deploy = begin({ abortDeploy: () => Promise.reject(new Error('no')) })
  deploy.tell(begun)
  deploy.press(10)
  await Promise.resolve()
  await Promise.resolve()
  assert.equal(deploy.said.at(-1), 'Cannot give the deploy up: no')
  deploy.end.resolve(ended)
  await deploy.following
})
