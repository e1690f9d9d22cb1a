// Runs a deploy or a rollback for a person or a program: shows how it goes, and fails when the new version does not run in the end.
import { DroverError } from '../base/errors.ts'
import type { DeployEnded, DeployEvent } from '../control/deploying.ts'
import type { Connection } from './connection.ts'
import type { CliContext } from './context.ts'
import { followDeploy } from './deploy-follow.ts'
import { endLines, eventLine, failureText } from './deploy-report.ts'

export interface DeployRun {
  readonly connection: Connection
  readonly isJson: boolean
  readonly start: (onEvent: (event: DeployEvent) => void) => Promise<DeployEnded>
}

/** Rejects DEPLOY_FAILED unless it is done. */
export async function runDeploy({ printer }: CliContext, run: DeployRun): Promise<void> {
  const ended = await followDeploy({
    client: run.connection.client,
    start: run.start,
    show: (event) => {
      printer.out(run.isJson ? JSON.stringify(event) : eventLine(event, printer))
    },
    say: (line) => {
      printer.err(line)
    },
    onSignal: listenToSignals,
    now: () => performance.now(),
  })
  if (run.isJson) printer.out(JSON.stringify(ended))
  else for (const line of endLines(ended, printer)) printer.out(line)
  const failure = failureText(ended)
  if (failure !== undefined) throw new DroverError('DEPLOY_FAILED', failure)
}

function listenToSignals(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const hear = (signal: NodeJS.Signals) => {
    listener(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM')
  }
  for (const signal of signals) process.on(signal, hear)
  return () => {
    for (const signal of signals) process.off(signal, hear)
  }
}
