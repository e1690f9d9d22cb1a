// Supervisor, balancer, instances and store under crashes, hangs, slowness, partitions, deploys and scaling, in virtual time: the
// real decisions, on instances and a store that are only imagined. 10,000 worlds, each of its own seed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FleetWorld } from './support/fleet/world.ts'

const parts = 5
const worlds = 2_000
const firstSeed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

for (let part = 1; part <= parts; part++) {
  const begin = firstSeed + (part - 1) * worlds
  test(`nothing is doubled (R1), deleted things stay so (R4), nothing acknowledged is lost (R5), no step takes what is promised: ${part} of ${parts}`, (t) => {
    t.diagnostic(`seeds from ${begin} on (SEED=${begin} begins with them)`)
    let [answered, failed, faults] = [0, 0, 0]
    for (let seed = begin; seed < begin + worlds; seed++) {
      const outcome = runWorld(seed)
      answered += outcome.answered
      failed += outcome.failed
      faults += outcome.faults
    }
    t.diagnostic(
      `${worlds} worlds, ${faults} faults, deploys and scalings; ${answered} answers, ${failed} failures`,
    )
    // A world in which nothing happens shows nothing.
    assert.ok(faults > 8 * worlds && answered > 20 * worlds && failed > 0 && failed < answered)
  })
}

function runWorld(seed: number) {
  try {
    return new FleetWorld(seed).run()
  } catch (error) {
    throw new Error(`seed ${seed} fails (SEED=${seed} begins with it)`, { cause: error })
  }
}
