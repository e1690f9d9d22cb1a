// The pains that sessions are known for, each tried on Drover and on what else there is.
import type { Bench } from '../measurement.ts'
import { findPains } from '../pains/run.ts'
import type { Result } from '../result.ts'
import { writePains } from '../pains/table.ts'

export async function runPains({ stage, progress }: Bench): Promise<Result> {
  const findings = await findPains(stage, progress)
  return { rows: findings, table: writePains(findings) }
}
