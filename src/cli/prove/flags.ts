// The flags of `drover prove`, as commander hands them over.
import type { Command } from 'commander'
import { proveDefaults } from './options.ts'
import { collect } from '../variables.ts'

export interface ProveFlags {
  readonly flow?: string
  readonly har?: string
  readonly openapi?: string
  readonly tests?: string
  readonly targets?: string
  readonly cwd?: string
  readonly before?: string
  readonly reset?: string
  readonly env?: readonly string[]
  readonly ready?: string
  readonly seed?: string
  readonly schedules?: string
  readonly timeout?: string
  readonly html?: string
  readonly json?: boolean
  readonly sarif?: string
  readonly junit?: string
  /** True: without a kind. */
  readonly explain?: string | true
}

export function addProveFlags(command: Command): Command {
  addFlowFlags(command.optionsGroup('What visitors do (default: what a crawl from / finds):'))
  addAppFlags(command.optionsGroup('The app:'))
  addRunFlags(command.optionsGroup('The runs:'))
  return command
    .optionsGroup('What comes of it:')
    .option('--html <file>', 'write a page to pass around')
    .option('--json', 'print everything as JSON instead')
    .option('--sarif <file>', 'write SARIF 2.1.0, for code scanning')
    .option('--junit <file>', 'write JUnit XML, for test dashboards')
    .option('--explain [kind]', 'tell of a kind of state and how to fix it; alone: list the kinds')
    .helpOption('-h, --help', 'show this')
}

function addFlowFlags(command: Command): void {
  command
    .option('--flow <file>', 'steps, as YAML or JSON')
    .option('--har <file>', "a browser's recording")
    .option('--openapi <file>', 'a description: what is written is read back')
    .option('--tests <command>', 'your own end-to-end tests, run with the address of the app as BASE_URL')
}

function addAppFlags(command: Command): void {
  command
    .option('--targets <addresses>', 'servers that already run, with commas between; instead of a command')
    .option('--cwd <folder>', 'the folder of the app (default: this one)')
    .option('-e, --env <name=value>', 'a variable for the app; repeatable', collect)
    .option(
      '--ready <path>',
      'ready when GET of this path answers below 500 (default: when its port speaks HTTP)',
    )
    .option('--before <command>', 'run once before all, such as a build')
    .option('--reset <command>', 'run before each run, to bring a database back to its start')
}

function addRunFlags(command: Command): void {
  const { schedules, timeoutMs } = proveDefaults
  command
    .option('--seed <number>', 'repeat the runs of a report that has printed this')
    .option('--schedules <number>', `ways to spread the requests over the instances (default: ${schedules})`)
    .option('--timeout <time>', `for all of it (default: ${timeoutMs / 60_000}m)`)
}
