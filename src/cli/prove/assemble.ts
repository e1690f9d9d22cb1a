// Puts beside a proof what its reports need: how the app was called, how to repeat it, and lines of its source.
import { existsSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { ProofRun, ProveRequest } from '../../prove/request.ts'
import { readExcerpts } from '../../prove/report/excerpt.ts'
import type { ReportInput } from '../../prove/report/input.ts'
import type { CliContext } from '../context.ts'
import { typedWord } from '../invocation.ts'
import { ownVersion } from '../own-version.ts'
import { againWords } from './again.ts'
import type { ProveFlags } from './flags.ts'

export async function assembleReport(
  run: ProofRun,
  { app, seed }: ProveRequest,
  flags: ProveFlags,
  { program, currentDir }: Pick<CliContext, 'program' | 'currentDir'>,
  finishedAt: Date,
): Promise<ReportInput> {
  const { verdict } = run.proof
  const findings = verdict.verdict === 'stateful' ? verdict.findings : []
  return {
    ...run,
    app: app.targets.length > 0 ? app.targets.join(', ') : app.command.map(typedWord).join(' '),
    again: againWords(program, app.command, flags, seed),
    program,
    version: ownVersion(),
    folder: relative(currentDir, app.cwd).split(sep).join('/'),
    entry: entryOf(app.command, app.cwd),
    excerpts: await Promise.all(findings.map(({ cause }) => readExcerpts(app.cwd, cause))),
    finishedAt,
    hasPage: flags.html !== undefined,
  }
}

/** The first file of the app that its command names: `node --import tsx src/server.ts` starts src/server.ts. */
export function entryOf(command: readonly string[], cwd: string): string {
  const named = command
    .slice(1)
    .find((word) => /\.\w+$/.test(word) && !word.startsWith('-') && existsSync(join(cwd, word)))
  return named ?? 'package.json'
}
