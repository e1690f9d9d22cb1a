import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualTime } from '../../test/support/virtual-time.ts'
import { isDroverError } from '../base/errors.ts'
import { autoscaleDefaults } from '../supervisor/autoscale/options.ts'
import { Autoscaling, type ScaledInstance, type ScalingConfig, type ScalingFigures } from './autoscaling.ts'

const usual: ScalingConfig = { autoscale: { max: 8, concurrency: 10 }, limits: {}, balancers: 1 }

type Figures = Omit<ScalingFigures, 'epoch'>
const idle: Figures = { telemetry: { eventLoopUtilization: 0.01 }, rssBytes: 50, coresUsed: 0.01 }
const untold: Figures = { telemetry: undefined, rssBytes: undefined, coresUsed: undefined }

/** A fleet that is at once as it is wanted, and what the scaling made of it. */
class World {
  readonly time = new VirtualTime()
  readonly announced: string[] = []
  readonly sizes: number[] = []
  readonly scaling: Autoscaling
  wanted: number
  load = 0
  memory: number | undefined
  figures: (id: string) => ScalingFigures | undefined = () => ({ epoch: 1, ...idle })
  instances = (): readonly ScaledInstance[] => serversOf(this.wanted)

  constructor(begin: number, config: ScalingConfig = usual) {
    this.wanted = begin
    this.scaling = new Autoscaling(config, {
      instances: () => this.instances(),
      load: () => this.load,
      figures: (id) => this.figures(id),
      instancesWanted: () => this.wanted,
      setInstances: (instances) => {
        this.wanted = instances
        this.sizes.push(instances)
      },
      announce: (text) => this.announced.push(text),
      memory: () => this.memory,
      cores: () => 8,
      now: () => this.time.now(),
      scheduler: this.time,
    })
    this.scaling.start()
  }
}

function serversOf(count: number, state: ScaledInstance['state'] = 'ready'): ScaledInstance[] {
  return Array.from({ length: count }, (_, index) => ({
    id: String(index + 1),
    epoch: 1,
    role: 'server',
    state,
  }))
}

const { stabilizationMs } = autoscaleDefaults
const minuteMs = 60_000

test('what the load wants is set at the next decision, and said once with its grounds', () => {
  const world = new World(3)
  world.load = 28
  world.time.pass(1_999)
  assert.deepEqual(world.sizes, [])
  world.time.pass(1)
  assert.deepEqual(world.sizes, [4])
  assert.deepEqual(world.announced, [
    '4 instances instead of 3: concurrency 28 over 60 s wants 4; event loop 1 % over 60 s wants 1; CPU 1 % over 60 s wants 1',
  ])
  world.time.pass(10 * minuteMs)
  assert.deepEqual([world.sizes, world.announced.length], [[4], 1])
})

test('a decision goes by the mean of the load since the last, not by the moment', () => {
  const world = new World(2)
  world.load = 40
  world.time.pass(1_000)
  world.load = 0
  world.time.pass(1_000)
  assert.match(world.announced[0] ?? '', /^3 instances instead of 2: concurrency 20 over/)
})

test('nothing shrinks before the stabilization time is over, and then to what is wanted', () => {
  const world = new World(4)
  world.load = 7
  world.time.pass(stabilizationMs - 1)
  assert.deepEqual(world.sizes, [])
  world.time.pass(4_000)
  assert.equal(world.sizes[0], 2)
  world.time.pass(minuteMs)
  assert.deepEqual(world.sizes, [2, 1])
  assert.match(world.announced[1] ?? '', /^1 instance instead of 2: concurrency 7 over 60 s wants 1/)
})

test('a fleet that starts counts as it is meant to be, however long its instances take', () => {
  const world = new World(4)
  world.instances = () => serversOf(4, 'starting')
  world.figures = () => undefined
  world.time.pass(stabilizationMs / 2)
  assert.deepEqual(world.sizes, [])
})

test('instances that crash are not taken for ones that are not wanted, nor for load', () => {
  const world = new World(4)
  world.load = 28
  world.time.pass(10 * minuteMs)
  world.instances = () => [...serversOf(1), ...serversOf(4, 'backoff').slice(1)]
  world.time.pass(10 * minuteMs)
  assert.deepEqual(world.sizes, [])
})

test('spares and instances that drain bear no load and are not counted', () => {
  const world = new World(2)
  world.load = 200
  world.instances = () => [
    ...serversOf(2),
    { id: '3', epoch: 1, role: 'spare', state: 'ready' },
    { id: '4', epoch: 1, role: 'server', state: 'draining' },
  ]
  world.time.pass(2_000)
  assert.deepEqual(world.sizes, [4], 'the double of two')
})

test('an app that tells nothing of its event loop is scaled by what is known', () => {
  const world = new World(4)
  world.figures = () => ({ epoch: 1, ...untold, coresUsed: 0.1 })
  world.load = 7
  world.time.pass(2 * stabilizationMs)
  assert.equal(world.wanted, 1)
  assert.match(
    world.announced[0] ?? '',
    /: concurrency 7 over 60 s wants 1; CPU 10 % over 60 s wants 1; limited/,
  )
})

test('while some instances have not told yet, those that have told do not make the fleet smaller', () => {
  const world = new World(4)
  world.figures = (id) => ({ epoch: 1, ...(id === '1' ? { ...idle, coresUsed: 0.5 } : untold) })
  world.time.pass(2 * stabilizationMs)
  assert.equal(world.wanted, 4)
})

test('what an earlier start under the same id has told is not taken for what this one tells', () => {
  const world = new World(2)
  world.figures = () => ({ epoch: 0, ...idle, coresUsed: 1 })
  world.time.pass(2_000)
  assert.deepEqual(world.announced, [])
})

test('without any measure the number stays as it is', () => {
  const world = new World(3, { ...usual, autoscale: { max: 8 } })
  world.figures = () => undefined
  world.load = 1_000
  world.time.pass(2 * stabilizationMs)
  assert.deepEqual(world.sizes, [])
})

test('the concurrency of a full instance is that of the limits of all balancers, unless told', () => {
  const world = new World(1, { autoscale: { max: 8 }, limits: { concurrency: 5 }, balancers: 2 })
  world.load = 14
  world.time.pass(2_000)
  assert.deepEqual(world.sizes, [2])
})

test('the fleet grows only as far as memory reaches', () => {
  const world = new World(2)
  world.load = 200
  world.memory = 0
  world.time.pass(minuteMs)
  assert.deepEqual(world.sizes, [])
  world.memory = autoscaleDefaults.memoryReserveBytes + 50
  world.time.pass(2_000)
  assert.deepEqual(world.sizes, [3])
})

test('a number that was fixed stands, and what was measured before is forgotten', () => {
  const world = new World(2)
  world.load = 200
  world.time.pass(1_000)
  world.scaling.pause()
  world.wanted = 6
  assert.equal(world.scaling.bounds, undefined)
  world.time.pass(10 * minuteMs)
  assert.deepEqual([world.sizes, world.time.pending], [[], 0])
  world.scaling.resume()
  assert.deepEqual(world.scaling.bounds, { min: 1, max: 8 })
  world.load = 7
  world.time.pass(stabilizationMs - 1)
  assert.deepEqual(world.sizes, [], 'the fixed number counts as wanted')
  world.time.pass(2_000)
  assert.deepEqual(world.sizes, [3])
})

test('bounds that are read again hold from the next decision on', () => {
  const world = new World(3)
  world.scaling.configure({ ...usual, autoscale: { min: 4, max: 8 } })
  world.time.pass(2_000)
  world.scaling.configure({ ...usual, autoscale: { max: 2 } })
  world.time.pass(2_000)
  assert.deepEqual(world.sizes, [4, 2])
  assert.match(world.announced[1] ?? '', /limited by max 2$/)
})

test('bounds that are gone leave the number as it is, and new ones have the load decide', () => {
  const world = new World(2, { ...usual, autoscale: undefined })
  assert.deepEqual([world.scaling.bounds, world.time.pending], [undefined, 0])
  world.scaling.pause()
  world.load = 14 * 2
  world.scaling.configure(usual)
  world.time.pass(2_000)
  assert.deepEqual(world.sizes, [4])
  world.scaling.configure({ ...usual, autoscale: undefined })
  world.load = 0
  world.time.pass(2 * stabilizationMs)
  assert.deepEqual(world.sizes, [4])
})

test('a fixed number stands though other bounds are read', () => {
  const world = new World(2)
  world.scaling.pause()
  world.scaling.configure({ ...usual, autoscale: { min: 5, max: 6 } })
  world.time.pass(minuteMs)
  assert.deepEqual(world.sizes, [])
})

test('the load cannot decide without bounds', () => {
  const { scaling } = new World(2, { ...usual, autoscale: undefined })
  assert.throws(
    () => {
      scaling.resume()
    },
    (error) => isDroverError(error) && error.code === 'OPTION_INVALID',
  )
})

test('what was stopped decides nothing more', () => {
  const world = new World(2)
  world.load = 200
  world.scaling.stop()
  world.time.pass(minuteMs)
  assert.deepEqual([world.sizes, world.time.pending], [[], 0])
})
