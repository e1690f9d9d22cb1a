// Packages whose purpose says what kind of state they hold.
import type { AppEvent } from '../instrument/event.ts'

type Names = ReadonlySet<string>

function names(text: string): Names {
  return new Set(text.split(' '))
}

export const limiters: Names = names(
  'express-rate-limit express-slow-down rate-limiter-flexible @fastify/rate-limit hono-rate-limiter koa-ratelimit limiter bottleneck ' +
    'express-brute @nestjs/throttler koa2-ratelimit p-throttle',
)
export const sessions: Names = names(
  'express-session @fastify/session memorystore session-memory-store koa-session hono-sessions koa-generic-session ' +
    'fastify-session drover',
)
export const caches: Names = names(
  'lru-cache node-cache keyv memory-cache quick-lru apicache memoizee cache-manager @isaacs/ttlcache tiny-lru flat-cache lodash.memoize ' +
    'mem memoize p-memoize cacheable toad-cache mnemonist route-cache nano-cache stale-lru-cache cacache memoize-one',
)
export const uploads: Names = names(
  'multer express-fileupload formidable busboy multiparty @fastify/multipart connect-busboy koa-multer @koa/multer koa-body ' +
    '@tus/server @tus/file-store tus-node-server',
)
export const databases: Names = names(
  'better-sqlite3 sqlite3 sqlite node:sqlite sequelize knex typeorm @prisma/client drizzle-orm kysely bookshelf objection libsql ' +
    '@libsql/client @mikro-orm/core bun:sqlite sql.js',
)
export const fileStores: Names = names(
  'lowdb node-persist nedb @seald-io/nedb nedb-promises node-json-db jsonfile fs-extra conf configstore json-server store data-store level ' +
    'classic-level levelup lokijs stormdb simple-json-db write-file-atomic session-file-store keyv-file steno',
)
export const socketServers: Names = names(
  'socket.io ws @fastify/websocket express-ws engine.io sockjs faye koa-websocket @hono/node-ws primus',
)
export const schedulers: Names = names(
  'node-cron cron node-schedule toad-scheduler bree agenda bull croner p-queue fastq async better-queue',
)
export const tokens: Names = names(
  'jsonwebtoken jose @fastify/jwt fast-jwt iron-session cookie-session koa-jwt express-jwt passport-jwt',
)

/** The first that the app made of one of those packages. */
export function packageAmong(events: readonly AppEvent[], among: Names): AppEvent | undefined {
  const found = events.filter((event) => isAmong(event, among))
  return found.find(({ event }) => event === 'package') ?? found[0]
}

export function isAmong(event: AppEvent | undefined, among: Names): boolean {
  const name = event?.package
  return name !== undefined && (among.has(name) || among.has(wholePackage(name)))
}

/** Of `redis/client`, redis. What is published as several things under one name, each at a path of its own, stays apart. */
function wholePackage(name: string): string {
  const whole = name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
  return whole === 'drover' ? name : whole
}
