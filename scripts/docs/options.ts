// docs/options.md: every option of `drover up` and of the library, told by its own docstring. `npm run docs` writes it, a test compares it.
import { membersOf } from './interfaces.ts'
import type { Member } from './interfaces.ts'

export const optionsPath = 'docs/options.md'

interface Section {
  readonly title: string
  readonly lead: string
  readonly parts: readonly (readonly [path: string, interfaceName: string])[]
}

const sections: readonly Section[] = [
  {
    title: 'drover.config.ts',
    lead: 'The options of `drover up`, given to `defineConfig` from `drover/config`; many are also flags, which win. See [Running a fleet](running.md).',
    parts: [['src/config/options.ts', 'DroverConfig']],
  },
  {
    title: 'limits',
    lead: 'In `drover.config.ts`: the bounds of the balancer. Durations are milliseconds or `30s`, sizes bytes or `64kb`.',
    parts: [['src/config/limit-options.ts', 'LimitOptions']],
  },
  {
    title: 'serve(app, options)',
    lead: 'From `drover/instance`; see [Serving an instance](instance.md).',
    parts: [['src/instance/options.ts', 'ServeOptions']],
  },
  {
    title: 'serve(app, { health })',
    lead: 'The paths of the health questions.',
    parts: [['src/instance/options.ts', 'HealthPaths']],
  },
  {
    title: 'sessions(options)',
    lead: 'From `drover`. Every one may be left out.',
    parts: [
      ['src/index.ts', 'SessionsOptions'],
      ['src/session/policy.ts', 'SessionPolicyOptions'],
    ],
  },
  {
    title: 'sessions({ schema })',
    lead: 'What comes with a schema.',
    parts: [['src/index.ts', 'SchemaSessionsOptions']],
  },
  {
    title: "sessions({ migrate: { from: 'express-session' } })",
    lead: 'See [Migrating from express-session](migrating-from-express-session.md).',
    parts: [['src/session/migrate/express-session.ts', 'ExpressSessionMigration']],
  },
  {
    title: "sessions({ migrate: { from: 'iron-session' } })",
    lead: 'The package `iron-session` stays installed while its cookies are read.',
    parts: [['src/session/migrate/iron-session.ts', 'IronSessionMigration']],
  },
  {
    title: 'redisSessionStore(address, options)',
    lead: 'From `drover/redis`. Times are milliseconds.',
    parts: [
      ['src/stores/redis/options.ts', 'RedisStoreOptions'],
      ['src/stores/redis/defaults.ts', 'RedisLimits'],
    ],
  },
  {
    title: 'sqliteSessionStore(path, options)',
    lead: 'From `drover/sqlite`. Times are milliseconds.',
    parts: [
      ['src/stores/sqlite/index.ts', 'SqliteStoreOptions'],
      ['src/stores/sqlite/defaults.ts', 'SqliteLimits'],
    ],
  },
  {
    title: 'postgresSessionStore(address, options)',
    lead: 'From `drover/postgres`. Times are milliseconds.',
    parts: [
      ['src/stores/postgres/open-link.ts', 'PlainPostgresOptions'],
      ['src/stores/postgres/index.ts', 'PostgresStoreOptions'],
      ['src/stores/postgres/defaults.ts', 'PostgresLimits'],
    ],
  },
  {
    title: 'acceptUpgrade(shop, req, socket, options)',
    lead: 'From `drover/websocket`; `socketIoSessions(shop, options)` takes the same.',
    parts: [['src/adapters/websocket.ts', 'UpgradeOptions']],
  },
  {
    title: 'idempotency(options)',
    lead: 'From `drover/idempotency`; see [Idempotency keys](idempotency.md).',
    parts: [['src/idempotency/options.ts', 'IdempotencyOptions']],
  },
  {
    title: 'expressIdempotency(keys, options)',
    lead: 'From `drover/express`; `fastifyIdempotency`, `honoIdempotency` and `fetchIdempotency` take the same.',
    parts: [['src/adapters/idempotency/options.ts', 'IdempotencyRouteOptions']],
  },
  {
    title: 'tokens(options)',
    lead: 'From `drover/tokens`; see [Tokens](tokens.md).',
    parts: [['src/tokens/options.ts', 'TokensOptions']],
  },
  {
    title: 'tokenVerifier(options)',
    lead: 'From `drover/tokens`: for a second service, which has just the address of the keys.',
    parts: [['src/tokens/verifier.ts', 'TokenVerifierOptions']],
  },
  {
    title: 'api.verify(text, options)',
    lead: 'Of what `tokens()` and `tokenVerifier()` give.',
    parts: [['src/tokens/access-checks.ts', 'VerifyOptions']],
  },
  {
    title: 'expressTokens(api, options)',
    lead: 'From `drover/express`, beside the options of `verify`; `fastifyTokens`, `honoTokens`, `koaTokens`, `fetchTokens`, `withTokens`, `acceptTokenUpgrade` and `socketIoTokens` take the same.',
    parts: [['src/adapters/tokens/admit.ts', 'TokenRouteOptions']],
  },
  {
    title: 'tokenCookies(pair, options)',
    lead: 'From `drover/tokens`; adapters take the same as `cookies`.',
    parts: [['src/tokens/responses.ts', 'TokenCookieOptions']],
  },
  {
    title: 'rateLimit(options)',
    lead: 'From `drover/rate-limit`; see [Rate limits](rate-limit.md).',
    parts: [['src/rate-limit/rate-limit.ts', 'RateLimitOptions']],
  },
  {
    title: 'files(url, options)',
    lead: 'From `drover/files`; see [Files](files.md).',
    parts: [['src/files/options.ts', 'FilesOptions']],
  },
  {
    title: 'store.put(key, body, options)',
    lead: 'Of what `files(url)` gives.',
    parts: [['src/files/files.ts', 'PutOptions']],
  },
  {
    title: 'store.get(key, options)',
    lead: 'Of what `files(url)` gives.',
    parts: [['src/files/files.ts', 'GetOptions']],
  },
  {
    title: 'store.list(options)',
    lead: 'Of what `files(url)` gives.',
    parts: [['src/files/files.ts', 'ListOptions']],
  },
  {
    title: 'store.signDownload(key, options)',
    lead: 'Of what `files(url)` gives.',
    parts: [['src/files/files.ts', 'DownloadOptions']],
  },
  {
    title: 'store.signUpload(key, options)',
    lead: 'Of what `files(url)` gives.',
    parts: [['src/files/files.ts', 'SignUploadOptions']],
  },
  {
    title: 'expressUploads(store, options)',
    lead: 'From `drover/express`; `fastifyUploads`, `koaUploads`, `honoUploads`, `fetchUploads` and `nodeUploads` take the same.',
    parts: [['src/files/upload/options.ts', 'UploadRouteOptions']],
  },
]

/** The whole page. Throws for an option without a docstring. */
export function optionsPage(): string {
  const head = [
    '# Options',
    '',
    'What each option does, and what it is when left out. Written by `npm run docs` from the docstrings; a bad value throws',
    '`OPTION_INVALID`, naming the option, the value and what was wanted.',
  ]
  return `${[...head, ...sections.flatMap(sectionLines)].join('\n')}\n`
}

function sectionLines({ title, lead, parts }: Section): readonly string[] {
  const members = parts.flatMap(([path, name]) => membersOf(path, name))
  return ['', `## \`${title}\``, '', lead, '', ...members.map(itemOf)]
}

function itemOf({ name, type, text }: Member): string {
  if (text === '') throw new Error(`Cannot document option ${name}: it has no docstring`)
  // That an option may also be given as undefined is for the compiler to know; what a function returns is not.
  const shown = type.includes('=>') ? type : type.replace(/ \| undefined$/, '')
  return `- **\`${name}\`** (\`${shown}\`): ${text}`
}
