// Where Redis is: one server, a primary that Sentinels name, or a Cluster; read from a URL.
import { DroverError } from '../../base/errors.ts'

export interface RedisNode {
  readonly host: string
  readonly port: number
}

/** How to be let in by the Redis servers behind Sentinels or in a Cluster, whichever they are. */
export interface RedisAccess {
  readonly isTls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
}

export type RedisAddress =
  | { readonly kind: 'single'; readonly url: string }
  | {
      readonly kind: 'sentinel'
      readonly sentinels: readonly RedisNode[]
      readonly primaryName: string
      readonly access: RedisAccess
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[]; readonly access: RedisAccess }

interface Parts {
  readonly hosts: string
  readonly path: string
  readonly access: Omit<RedisAccess, 'database'>
}

const wantedUrl = 'redis://…, redis-sentinel://… or redis-cluster://… (or the TLS forms rediss…)'
const sentinelPort = 26_379
const clusterPort = 6_379
// Several hosts are no URL to the standard's parser, so those forms are taken apart here.
const manyHosts = /^(rediss?)-(sentinel|cluster):\/\/(?:([^/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?$/i

/** Throws OPTION_INVALID. The URL's text is never shown: it may hold a password. */
export function readAddress(url: string): RedisAddress {
  const match = manyHosts.exec(url)
  if (match === null) return singleAddress(url)
  const [, protocol = '', kind = '', credentials, hosts = '', path = ''] = match
  const access = { isTls: protocol.toLowerCase() === 'rediss', ...readCredentials(credentials) }
  const parts: Parts = { hosts, path, access }
  return kind.toLowerCase() === 'sentinel' ? sentinelAddress(parts) : clusterAddress(parts)
}

function singleAddress(url: string): RedisAddress {
  const protocol = URL.canParse(url) ? new URL(url).protocol : undefined
  if (protocol === 'redis:' || protocol === 'rediss:') return { kind: 'single', url }
  if (/^rediss?-(?:sentinel|cluster):/i.test(url)) {
    throw invalid('hosts and a path only, percent-encoded where need be', 'something else in it')
  }
  throw invalid(wantedUrl, protocol === undefined ? 'text that is no URL' : `protocol "${protocol}"`)
}

function sentinelAddress({ hosts, path, access }: Parts): RedisAddress {
  const match = /^([^/]+)(?:\/(\d{1,9}))?\/?$/.exec(path)
  const primaryName = match === null ? undefined : decoded(match[1] ?? '')
  if (primaryName === undefined) {
    throw invalid("redis-sentinel://host:port,…/primary-name with the primary's name", 'none')
  }
  const database = Number(match?.[2] ?? 0)
  return {
    kind: 'sentinel',
    sentinels: readHosts(hosts, sentinelPort),
    primaryName,
    access: { ...access, database },
  }
}

function clusterAddress({ hosts, path, access }: Parts): RedisAddress {
  // A Cluster has one database; a path was meant for something it cannot give.
  if (path !== '' && path !== '0') throw invalid('redis-cluster://host:port,… without a database', 'one')
  return { kind: 'cluster', nodes: readHosts(hosts, clusterPort), access: { ...access, database: 0 } }
}

function readCredentials(text: string | undefined): Pick<RedisAccess, 'username' | 'password'> {
  if (text === undefined) return { username: undefined, password: undefined }
  const colon = text.indexOf(':')
  const username = decoded(colon === -1 ? text : text.slice(0, colon))
  const password = colon === -1 ? undefined : decoded(text.slice(colon + 1))
  if (username === undefined || (colon !== -1 && password === undefined)) {
    throw invalid('a user and a password, percent-encoded', 'text that cannot be decoded')
  }
  return { username: username === '' ? undefined : username, password }
}

function readHosts(text: string, defaultPort: number): readonly RedisNode[] {
  return text.split(',').map((host, index) => {
    const node = readHost(host, defaultPort)
    if (node === undefined) throw invalid('host:port,host:port,…', `none as host number ${index + 1}`)
    return node
  })
}

function readHost(text: string, defaultPort: number): RedisNode | undefined {
  if (text === '' || text.includes(' ')) return undefined
  const url = `redis://${text}`
  if (!URL.canParse(url)) return undefined
  const { hostname, port, username } = new URL(url)
  if (hostname === '' || username !== '') return undefined
  // An IPv6 address stands in brackets in a URL, and without them for a socket.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port: port === '' ? defaultPort : Number(port) }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function invalid(wanted: string, came: string): DroverError {
  return new DroverError('OPTION_INVALID', `Cannot use Redis URL: wanted ${wanted}, got ${came}`)
}
