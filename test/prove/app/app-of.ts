// What is asked of an app that is to be started.
import type { AppSpec } from '../../../src/prove/app/servers.ts'

export function appOf(cwd: string, command: readonly string[], more: Partial<AppSpec> = {}): AppSpec {
  return {
    command,
    cwd,
    env: process.env,
    readyPath: undefined,
    readyTimeoutMs: 20_000,
    before: undefined,
    reset: undefined,
    targets: [],
    ...more,
  }
}
