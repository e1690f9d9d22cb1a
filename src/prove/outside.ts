// Whether runs of an app may go on side by side, or would meet in something outside of it.
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { AppSpec } from './app/servers.ts'

const clients =
  /"(?:pg|pg-promise|postgres|mysql2?|mariadb|mongodb|mongoose|redis|ioredis|@redis\/client|amqplib|kafkajs|knex|sequelize|typeorm|@prisma\/client|prisma|memcached|memjs|cassandra-driver|neo4j-driver|@elastic\/elasticsearch|firebase-admin|tedious|mssql|bullmq?|@supabase\/supabase-js|@upstash\/redis|@libsql\/client|@aws-sdk\/[\w-]+)"\s*:/
const address =
  /\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|kafka|nats|memcached):\/\//i

/** More at once only wait for one another's processors. */
const mostAtOnce = 3

/** 1 where runs may share a database or the like: one would find what the other left. */
export async function runsAtOnce(app: AppSpec): Promise<number> {
  if (app.targets.length > 0 || app.reset !== undefined) return 1
  if (Object.values(app.env).some((value) => value !== undefined && address.test(value))) return 1
  const manifest = await readIn(app, 'package.json')
  const settings = await readIn(app, '.env')
  const requirements = await readIn(app, 'requirements.txt')
  if (clients.test(manifest) || address.test(settings)) return 1
  if (/psycopg|pymongo|redis|mysql|sqlalchemy|django/i.test(requirements)) return 1
  return Math.max(1, Math.min(mostAtOnce, availableParallelism()))
}

function readIn({ cwd }: AppSpec, name: string): Promise<string> {
  return readFile(join(cwd, name), 'utf8').catch(() => '')
}
