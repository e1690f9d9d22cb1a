// What the words after `npm run bench --` ask for.
import { parseArgs } from 'node:util'
import { readRecoveryChoices, type RecoveryChoices } from './recovery/choices.ts'

export const suiteNames = [
  'balancer',
  'balancer-latency',
  'balancer-connections',
  'sessions',
  'sessions-stores',
  'sessions-cookies',
  'store-size',
  'revocation',
  'tokens',
  'recovery',
  'soak',
  'pains',
] as const
export type SuiteName = (typeof suiteNames)[number]

/** Those that take too long to run unasked. */
const longSuites: ReadonlySet<SuiteName> = new Set(['recovery', 'soak'])

/** How long to measure: each contender takes each load `rounds` times for `seconds`. */
export interface Plan {
  readonly rounds: number
  readonly seconds: number
  /** `seconds` where somebody asked for it: recovery and soak have longer defaults. */
  readonly secondsAsked: number | undefined
  /** How many sessions store-size loads. */
  readonly sessions: number
  /** How many client connections balancer-connections holds. */
  readonly connections: number
  readonly recovery: RecoveryChoices
}

export type Request =
  | { readonly type: 'help' }
  | {
      readonly type: 'run'
      readonly suites: readonly SuiteName[]
      readonly plan: Plan
      /** The file that the rows go to. */
      readonly json: string | undefined
    }

export const usage: string = `Usage: npm run bench -- [suite] [options]

Measures Drover beside its peers on this machine and prints a table of ratios (ours / peer).

Suites (default: all but recovery and soak)
  balancer              a request through the balancer, beside nginx, http-proxy-3 and @fastify/http-proxy
  balancer-latency      what the balancer adds to a request's latency at half load, beside nginx
  balancer-connections  what an idle connection and a WebSocket cost the balancer, beside a bare Node server
  sessions              a session read and written, beside express-session and @fastify/session on the same Redis
  sessions-stores       the same on SQLite and PostgreSQL
  sessions-cookies      a small session, beside iron-session and cookie-session
  store-size            what a session takes in Redis, and reads and revocations among many, beside connect-redis
  revocation            how soon another server knows that a session was ended
  tokens                a JWT checked, beside jose, @fastify/jwt, jsonwebtoken and express-jwt, and with revocations or without
  recovery              what users suffer from kills, deploys and hangs, beside nginx, HAProxy, Caddy and PM2; 40 minutes
  soak                  whether the memory of Drover's own processes stays flat under load, kills and deploys; 10 minutes
  pains                 what sessions are known to do wrong, tried on each library

Options
  --json FILE       also write the rows: [{ what, peerName, ours, peer, ratio, unit, target }], or
                    [{ pain, library, verdict, seen }] of pains, or what recovery and soak counted
  --rounds N        rounds of each measurement, 1 to 100; the median counts (default 5)
  --seconds N       length of one round, 0.1 to 3600 (default 2; recovery 60, soak 600)
  --sessions N      sessions that store-size loads, 1000 to 10000000 (default 100000)
  --connections N   client connections that balancer-connections holds, 100 to 100000 (default 10000)
  --only NAMES      contenders of recovery, such as drover,nginx (default: all)
  --faults NAMES    what recovery does to them: calm, a (kills), b (deploys), c (both), d (a hang) (default: all)
  --users N         users of recovery and soak, 1 to 16 (default 16)
  --seed N          deals recovery's and soak's faults again (default: SEED, or a new one each time)
  --help            show this`

const defaultPlan = { rounds: 5, seconds: 2, sessions: 100_000, connections: 10_000 }

/** Throws an Error whose message is one line that names what was wrong and what was wanted. */
export function readCommandLine(words: readonly string[]): Request {
  const { values, positionals } = parse(words)
  if (values.help === true) return { type: 'help' }
  if (values.json === '') throw new Error('Cannot use --json "": wanted a file name')
  return {
    type: 'run',
    suites:
      positionals.length === 0
        ? suiteNames.filter((name) => !longSuites.has(name))
        : positionals.map(readSuite),
    plan: readPlan(values),
    json: values.json,
  }
}

function readPlan(values: Words['values']): Plan {
  const seconds = readNumber('--seconds', values.seconds, defaultPlan.seconds, isSeconds, '0.1 to 3600')
  return {
    rounds: readNumber('--rounds', values.rounds, defaultPlan.rounds, isRounds, 'a whole number, 1 to 100'),
    seconds,
    secondsAsked: values.seconds === undefined ? undefined : seconds,
    sessions: readNumber(
      '--sessions',
      values.sessions,
      defaultPlan.sessions,
      isSessions,
      'a whole number, 1000 to 10000000',
    ),
    connections: readNumber(
      '--connections',
      values.connections,
      defaultPlan.connections,
      isConnections,
      'a whole number, 100 to 100000',
    ),
    recovery: readRecoveryChoices({ ...values, contenders: values.only }),
  }
}

interface Words {
  readonly values: {
    readonly connections?: string
    readonly faults?: string
    readonly help?: boolean
    readonly json?: string
    readonly only?: string
    readonly rounds?: string
    readonly seconds?: string
    readonly seed?: string
    readonly sessions?: string
    readonly users?: string
  }
  readonly positionals: readonly string[]
}

function parse(words: readonly string[]): Words {
  const text = { type: 'string' } as const
  return parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      connections: text,
      faults: text,
      help: { type: 'boolean' },
      json: text,
      only: text,
      rounds: text,
      seconds: text,
      seed: text,
      sessions: text,
      users: text,
    },
  })
}

function readSuite(word: string): SuiteName {
  const name = suiteNames.find((known) => known === word)
  if (name !== undefined) return name
  throw new Error(`Cannot run suite "${word}": wanted one of ${suiteNames.join(', ')}`)
}

function readNumber(
  option: string,
  text: string | undefined,
  fallback: number,
  isGood: (figure: number) => boolean,
  wanted: string,
): number {
  if (text === undefined) return fallback
  const figure = Number(text)
  if (text.trim() !== '' && isGood(figure)) return figure
  throw new Error(`Cannot use ${option} "${text}": wanted ${wanted}`)
}

function isRounds(figure: number): boolean {
  return Number.isInteger(figure) && figure >= 1 && figure <= 100
}

function isSessions(figure: number): boolean {
  return Number.isInteger(figure) && figure >= 1_000 && figure <= 10_000_000
}

function isConnections(figure: number): boolean {
  return Number.isInteger(figure) && figure >= 100 && figure <= 100_000
}

function isSeconds(figure: number): boolean {
  return figure >= 0.1 && figure <= 3_600
}
