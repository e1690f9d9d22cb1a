// The version of drover that runs, for whoever prints it.
import { readFileSync } from 'node:fs'
import { versionIn } from '../config/version.ts'

export function ownVersion(): string {
  return versionIn(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) ?? 'unknown'
}
