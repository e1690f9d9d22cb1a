// Every real part this repository knows. Pure data: the tests and the benchmarks each name the ones they need.
import type { Part } from './part.ts'

export const redisServer: Part = {
  name: 'redis-server',
  program: 'redis-server',
  places: ['/opt/homebrew/bin/redis-server', '/usr/local/bin/redis-server'],
  apt: ['redis-server'],
  brew: ['redis'],
}

export const postgres: Part = {
  name: 'PostgreSQL',
  program: 'postgres',
  places: [
    '/usr/lib/postgresql/*/bin/postgres',
    '/opt/homebrew/opt/*/bin/postgres',
    '/usr/local/opt/*/bin/postgres',
  ],
  apt: ['postgresql'],
  brew: ['postgresql@17'],
}

export const chromium: Part = {
  name: 'Chromium',
  program: 'chromium',
  places: [
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ],
  // Without a font package every screenshot shows boxes.
  apt: ['chromium', 'fonts-liberation'],
  brew: ['--cask google-chrome'],
}

export const nginx: Part = {
  name: 'nginx',
  program: 'nginx',
  places: ['/usr/sbin/nginx', '/opt/homebrew/bin/nginx', '/usr/local/bin/nginx'],
  apt: ['nginx'],
  brew: ['nginx'],
}

export const wrk: Part = {
  name: 'wrk',
  program: 'wrk',
  places: ['/opt/homebrew/bin/wrk', '/usr/local/bin/wrk'],
  apt: ['wrk'],
  brew: ['wrk'],
}

export const haproxy: Part = {
  name: 'HAProxy',
  program: 'haproxy',
  places: ['/usr/sbin/haproxy', '/opt/homebrew/bin/haproxy', '/usr/local/bin/haproxy'],
  apt: ['haproxy'],
  brew: ['haproxy'],
}

export const caddy: Part = {
  name: 'Caddy',
  program: 'caddy',
  places: ['/usr/bin/caddy', '/opt/homebrew/bin/caddy', '/usr/local/bin/caddy'],
  apt: ['caddy'],
  brew: ['caddy'],
}

/** A server of the S3 protocol. On Debian OpenStack Swift, as the library that its daemons load. */
export const swift: Part = {
  name: 'OpenStack Swift',
  places: ['/usr/lib/python3/dist-packages/swift/proxy/server.py'],
  apt: ['python3-swift'],
  brew: [],
}

/** Another, which keeps `If-None-Match`: the programs of a cluster, of which none is started by its package. */
export const ceph: Part = {
  name: 'Ceph',
  program: 'radosgw',
  places: ['/usr/bin/radosgw'],
  apt: ['radosgw', 'ceph-mon', 'ceph-osd'],
  brew: [],
}

/** The same on macOS, where there is neither. */
export const minio: Part = {
  name: 'MinIO',
  program: 'minio',
  places: ['/opt/homebrew/bin/minio', '/usr/local/bin/minio'],
  apt: [],
  brew: ['minio'],
}

export const s3Server: Part = process.platform === 'darwin' ? minio : swift
export const s3Servers: readonly Part[] = process.platform === 'darwin' ? [minio] : [swift, ceph]

/** nginx and wrk: the benchmarks' smoke test runs them for a moment. */
export const testParts: readonly Part[] = [redisServer, postgres, chromium, nginx, wrk, ...s3Servers]
export const benchParts: readonly Part[] = [redisServer, postgres, nginx, wrk]
/** Peers that one benchmark is glad of, and says that they are missing otherwise. */
export const optionalParts: readonly Part[] = [haproxy, caddy]
