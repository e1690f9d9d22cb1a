// The contract of drover/files as cases: what every place for files has to do, seen from the app.
import type { ContractCase } from './contract.ts'
import { refusalCases } from './files/refusals.ts'
import { signedCases } from './files/signed.ts'
import { withFilesStage } from './files/stage.ts'
import type { FilesHarness } from './files/stage.ts'
import { storingCases } from './files/storing.ts'

/**
 * Everything that `files(url)` promises, to be run against a real place, such as the S3-compatible server that you are
 * going to use:
 *
 *     for (const { name, run } of filesContract(harness)) test(name, run)
 *
 * The cases are independent and may run at the same time.
 */
export function filesContract(harness: FilesHarness): readonly ContractCase[] {
  const cases = [...storingCases, ...refusalCases, ...signedCases]
  return cases.map(({ name, play }) => ({ name, run: () => withFilesStage(harness, play) }))
}
