// Where `drover` starts: gives the program this process's streams, environment and folder, and ends with its exit code.
import type { CliContext } from './context.ts'
import { initCommand, restoreEnvironment } from './init.ts'
import { programWords } from './invocation.ts'
import { createPrinter } from './printer.ts'
import { runProgram } from './program.ts'

const init = initCommand(process)
if (init !== undefined) process.execve?.(init.file, init.args, init.env)

restoreEnvironment(process.env)
const environment = process.env
const context: CliContext = {
  printer: createPrinter(process),
  program: programWords({ script: process.argv[1] ?? '', environment }),
  environment,
  currentDir: process.cwd(),
}
const exitCode = await runProgram(process.argv.slice(2), context)
await context.printer.flush()
process.exit(exitCode)
