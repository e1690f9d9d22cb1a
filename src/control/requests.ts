// What requests carry: bodies of JSON and queries, checked before a command sees them.
import * as v from 'valibot'
import { DroverError } from '../base/errors.ts'
import type { LogRequest } from './commands.ts'
import type { DeployRequest, RollbackRequest } from './deploying.ts'

/** How many of the last lines may be asked for. */
export const maxLogRequest = 100_000
const defaultLogLines = 100
/** The longest that canaries are looked at, as for every other time: a day. */
const maxForMs = 24 * 3_600_000

const text = v.message(
  v.pipe(
    v.string(),
    v.check((value) => !value.includes('\0')),
  ),
  'text',
)
const named = v.message(v.pipe(text, v.minLength(1)), 'text')
const wholeNumber = (from: number, to: number) =>
  v.message(
    v.pipe(v.number(), v.integer(), v.minValue(from), v.maxValue(to)),
    `a whole number from ${from} to ${to}`,
  )
const share = v.message(
  v.pipe(
    v.number(),
    v.check((value) => value > 0 && value < 1),
  ),
  'a number above 0 and below 1',
)

/** An unknown key is refused: a fleet that does not know what it means must not do something else. */
const deploy: v.GenericSchema<unknown, DeployRequest> = v.strictObject(
  {
    dir: v.exactOptional(v.pipe(text, v.startsWith('/', 'an absolute path'))),
    command: v.exactOptional(v.pipe(v.array(text), v.minLength(1, 'a program'))),
    env: v.exactOptional(v.record(named, text)),
    label: v.exactOptional(named),
    surge: v.exactOptional(wholeNumber(1, 64)),
    canary: v.exactOptional(v.strictObject({ share, forMs: wholeNumber(0, maxForMs) })),
  },
  'nothing but dir, command, env, label, surge and canary',
)
const rollback: v.GenericSchema<unknown, RollbackRequest> = v.strictObject(
  { number: v.exactOptional(wholeNumber(1, Number.MAX_SAFE_INTEGER)) },
  'nothing but number',
)
const scaleTo = v.custom<number | 'auto'>(
  (to) => to === 'auto' || v.is(wholeNumber(1, 64), to),
  'a whole number from 1 to 64, or "auto"',
)
const scale: v.GenericSchema<unknown, { readonly to: number | 'auto' }> = v.strictObject(
  { to: scaleTo },
  'nothing but to',
)
const logs: v.GenericSchema<unknown, LogRequest> = v.strictObject({
  instance: v.exactOptional(v.string()),
  lines: wholeNumber(0, maxLogRequest),
  follow: v.boolean(),
})

export const readDeployRequest = (body: unknown): DeployRequest => read(deploy, body)
export const readRollbackRequest = (body: unknown): RollbackRequest => read(rollback, body)
export const readScaleRequest = (body: unknown): number | 'auto' => read(scale, body).to

export function readLogRequest(query: URLSearchParams): LogRequest {
  const instance = query.get('instance')
  const lines = query.get('lines')
  const request = {
    lines: lines === null ? defaultLogLines : Number(lines),
    follow: query.has('follow'),
    ...(instance === null ? {} : { instance }),
  }
  return read(logs, request)
}

/** Throws OPTION_INVALID that names the key; never its value, which may be a secret. */
function read<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const [issue] = result.issues
  const path = v.getDotPath(issue)
  const where = path === null ? 'the request' : `${path} in the request`
  throw new DroverError('OPTION_INVALID', `Cannot use ${where}: wanted ${issue.message}`)
}
