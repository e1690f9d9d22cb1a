// The shop under kills, deploys and hangs: what its users suffer, by who runs it.
import { optionalParts } from '../../scripts/parts/catalog.ts'
import { ensureParts } from '../../scripts/parts/ensure.ts'
import type { Bench } from '../measurement.ts'
import { contenders } from '../recovery/contenders.ts'
import { faults } from '../recovery/faults.ts'
import { prepareShop, runContender } from '../recovery/run.ts'
import type { RecoveryRow } from '../recovery/row.ts'
import { writeRecovery } from '../recovery/table.ts'
import type { Result } from '../result.ts'
import { inTurn } from '../turn.ts'

/** Of each contender under each fault. */
const defaultSeconds = 60

export async function runRecovery({ stage, plan, progress }: Bench): Promise<Result> {
  const { users, seed } = plan.recovery
  const chosen = contenders.filter(({ key }) => plan.recovery.contenders?.includes(key) ?? true)
  const chosenFaults = faults.filter(({ key }) => plan.recovery.faults?.includes(key) ?? true)
  if (chosen.some((contender) => !contender.isInstalled())) await tryToInstall(progress)
  progress(`SEED=${seed}`)
  const compileCache = await prepareShop(stage)
  const rows: RecoveryRow[] = []
  for (const [turn, fault] of chosenFaults.entries()) {
    for (const contender of inTurn(chosen, turn)) {
      progress(`${fault.name}: ${contender.name}`)
      const seconds = plan.secondsAsked ?? defaultSeconds
      rows.push(
        await runContender(contender, fault, { users, seconds, seed, compileCache, signal: stage.signal }),
      )
    }
  }
  const order = new Map(chosen.map(({ name }, index) => [name, index]))
  const rank = ({ contender }: RecoveryRow) => order.get(contender) ?? 0
  const sorted = chosenFaults.flatMap(({ name }) =>
    rows.filter(({ fault }) => fault === name).toSorted((left, right) => rank(left) - rank(right)),
  )
  return { rows: sorted, table: writeRecovery(sorted, seed) }
}

/** Where a part cannot be had, the table says so. */
async function tryToInstall(progress: Bench['progress']): Promise<void> {
  try {
    await ensureParts(optionalParts)
  } catch (error) {
    progress(error instanceof Error ? error.message : String(error))
  }
}
