// Drover under the shop's load, kills and deploys for a long while: does the memory of its own processes stay flat?
import type { Bench } from '../measurement.ts'
import { startDroverFleet } from '../recovery/drover.ts'
import { faults } from '../recovery/faults.ts'
import { Gate } from '../recovery/gate.ts'
import { writeGrid } from '../recovery/grid.ts'
import { watchMemory, weighable, type Weight } from '../recovery/memory-watch.ts'
import type { RecoveryRow } from '../recovery/row.ts'
import { makeDatabases, measureFleet, prepareShop } from '../recovery/run.ts'
import { judgeMemory } from '../recovery/slope.ts'
import type { SoakRow } from '../recovery/soak-row.ts'
import { writeRecovery } from '../recovery/table.ts'
import type { Result } from '../result.ts'

const defaultSeconds = 600
const fault = 'c'

export async function runSoak(bench: Bench): Promise<Result> {
  const { seed } = bench.plan.recovery
  bench.progress(`SEED=${seed}`)
  const { weights, suffered } = await soak(bench)
  const rows = [
    judgeMemory(
      'primary',
      weights.map(({ seconds, primaryMb }) => [seconds, primaryMb] as const),
    ),
    judgeMemory(
      'balancer',
      weights.map(({ seconds, balancerMb }) => [seconds, balancerMb] as const),
    ),
  ]
  const table = [writeWeights(weights), ...rows.map(writeSlope), writeRecovery([suffered], seed)].join('\n\n')
  return { rows: [...rows, suffered], table }
}

async function soak({ stage, plan, progress }: Bench): Promise<{
  readonly weights: readonly Weight[]
  readonly suffered: RecoveryRow
}> {
  const { users, seed } = plan.recovery
  const chosen = faults.find(({ key }) => key === fault)
  if (chosen === undefined) throw new Error(`Cannot soak: no fault "${fault}"`)
  const databases = await makeDatabases(stage, await prepareShop(stage))
  const fleet = await startDroverFleet(stage, databases, { environment: weighable })
  const gate = new Gate(users)
  const weights: Weight[] = []
  const over = new AbortController()
  const watching = watchMemory(
    fleet,
    gate,
    (weight) => {
      weights.push(weight)
      const { seconds, primaryMb, balancerMb } = weight
      progress(
        `${seconds.toFixed()} s: primary ${primaryMb.toFixed(1)} MB, balancer ${balancerMb.toFixed(1)} MB`,
      )
    },
    AbortSignal.any([over.signal, stage.signal]),
  )
  watching.catch(() => undefined)
  const course = { users, seconds: plan.secondsAsked ?? defaultSeconds, seed, signal: stage.signal }
  const counted = await measureFleet(fleet, databases, chosen, course, () => gate.pass()).finally(() => {
    over.abort()
  })
  await watching
  return { weights, suffered: { contender: 'Drover', fault: chosen.name, state: 'measured', ...counted } }
}

function writeWeights(weights: readonly Weight[]): string {
  const lines = weights.map((weight) => [
    weight.seconds.toFixed(),
    weight.primaryMb.toFixed(1),
    weight.balancerMb.toFixed(1),
  ])
  return writeGrid([['seconds', 'primary MB', 'balancer MB'], ...lines], new Set())
}

function writeSlope({ process, slopeMbPerMinute, standardError, isFlat }: SoakRow): string {
  const slope = `${slopeMbPerMinute.toFixed(3)} ± ${standardError.toFixed(3)} MB a minute`
  return `${process}: ${slope} after the warm-up, ${isFlat ? 'flat' : 'growing'}`
}
