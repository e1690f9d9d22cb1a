// A command in this very process, where neither signals nor pipes nor a terminal matter: no start of another one to wait for.
import type { CliContext } from '../../src/cli/context.ts'
import { runProgram } from '../../src/cli/program.ts'
import { recordedPrinter } from '../support/recorded-printer.ts'
import type { Outcome } from './terminal.ts'

/** What came of `drover` with `args`, called in `cwd` as from source. */
export async function call(
  args: readonly string[],
  cwd: string,
  environment: CliContext['environment'] = {},
): Promise<Outcome> {
  const printer = recordedPrinter()
  const context = { printer, program: 'npm run -s drover --', environment, currentDir: cwd }
  const code = await runProgram(args, context)
  return { code, stdout: printer.stdout(), stderr: printer.stderr() }
}
