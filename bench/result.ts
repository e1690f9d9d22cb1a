// What a suite gives: rows for programs, a table for people.
import type { Finding } from './pains/scenario.ts'
import type { RecoveryRow } from './recovery/row.ts'
import type { SoakRow } from './recovery/soak-row.ts'
import type { Row } from './row.ts'
import { writeTable } from './table.ts'

export interface Result {
  readonly rows: readonly (Row | Finding | RecoveryRow | SoakRow)[]
  readonly table: string
}

export function resultOf(rows: readonly Row[]): Result {
  return { rows, table: writeTable(rows) }
}
