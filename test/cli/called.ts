// A command in this very process, where neither signals nor pipes nor a terminal matter: no start of another one to wait for.
import type { CliContext } from '../../src/cli/context.ts'
import type { Printer } from '../../src/cli/printer.ts'
import { runProgram } from '../../src/cli/program.ts'
import type { Outcome } from './terminal.ts'

/** What came of `drover` with `args`, called in `cwd` as from source. */
export async function call(
  args: readonly string[],
  cwd: string,
  environment: CliContext['environment'] = {},
): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  const printer: Printer = {
    out: (line) => (stdout += `${line}\n`),
    err: (line) => (stderr += `${line}\n`),
    taken: () => Promise.resolve(true),
    paint: (_, text) => text,
    isTerminal: false,
    flush: () => Promise.resolve(),
  }
  const context = { printer, program: 'npm run -s drover --', environment, currentDir: cwd }
  const code = await runProgram(args, context)
  return { code, stdout, stderr }
}
