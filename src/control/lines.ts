// Reads the lines of answers that are told as they happen. Lines of a kind that only a newer fleet knows are passed over.
import * as v from 'valibot'
import { DroverError } from '../base/errors.ts'
import { parseJson, readFailure } from './answers.ts'
import type { LogEntry } from './commands.ts'
import { deployOutcomes, deploySteps, type DeployEvent } from './deploying.ts'

const count = v.pipe(v.number(), v.minValue(0))
const elapsedMs = count
const deployEvent: v.GenericSchema<unknown, DeployEvent> = v.variant('kind', [
  v.object({
    kind: v.literal('begun'),
    version: v.string(),
    number: count,
    replaces: v.string(),
    instances: count,
  }),
  v.object({
    kind: v.literal('instance'),
    id: v.string(),
    version: v.string(),
    step: v.picklist(deploySteps),
    elapsedMs,
    detail: v.nullable(v.string()),
  }),
  v.object({ kind: v.literal('progress'), exchanged: count, of: count, elapsedMs }),
  v.object({ kind: v.literal('canary'), instances: count, forMs: count, elapsedMs }),
  v.object({
    kind: v.literal('ended'),
    outcome: v.picklist(deployOutcomes),
    version: v.string(),
    number: count,
    running: v.string(),
    elapsedMs,
    reason: v.nullable(v.string()),
    lines: v.array(v.string()),
  }),
])
const logEntry: v.GenericSchema<unknown, LogEntry> = v.union([
  v.object({
    atMs: v.number(),
    id: v.string(),
    stream: v.picklist(['stdout', 'stderr']),
    text: v.string(),
  }),
  v.object({ dropped: count }),
])

export const readDeployLine = (line: string): DeployEvent | undefined => read(deployEvent, line)
export const readLogLine = (line: string): LogEntry | undefined => read(logEntry, line)

/** Throws the failure that a line tells of, and CONTROL_FAILED for what is no JSON. */
function read<T>(schema: v.GenericSchema<unknown, T>, line: string): T | undefined {
  const value = parseJson(line)
  if (value === undefined)
    throw new DroverError('CONTROL_FAILED', "Cannot read the fleet's answer: a line is no JSON")
  const failure = readFailure(value)
  if (failure !== undefined) throw failure
  const result = v.safeParse(schema, value)
  return result.success ? result.output : undefined
}

/** Its lines ended without the last one. */
export function brokenOff(): DroverError {
  return new DroverError('CONTROL_FAILED', "Cannot read the fleet's answer: it ended before the deploy did")
}
