// Several servers of an example shop that share a folder, for all tests of a file.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { startShop, type ShopServer, type ShopServerOptions } from './shop-server.ts'

export interface ShopServersOptions {
  readonly program: ShopServerOptions['program']
  readonly count: number
  /** What each of them gets to know of the folder. */
  readonly env: (folder: string) => ShopServerOptions['env']
}

/** To be asked once the tests run. */
export interface ShopServers {
  readonly url: (index: number) => string
  readonly server: (index: number) => ShopServer | undefined
  readonly folder: () => string
}

/** Starts them together before the tests of the file; ends them, and removes the folder, after. */
export function shopServers({ program, count, env }: ShopServersOptions): ShopServers {
  let folder: string
  let servers: ShopServer[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-shop-'))
    const given = env(folder)
    servers = await Promise.all(Array.from({ length: count }, () => startShop({ program, env: given })))
  })

  after(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await rm(folder, { recursive: true, force: true })
  })

  const server = (index: number) => servers[index]
  return { url: (index) => server(index)?.url ?? '', server, folder: () => folder }
}

/** Where the shop keeps all it keeps, in files. */
export function filesIn(folder: string): ShopServerOptions['env'] {
  return {
    DATABASE_URL: `sqlite:${join(folder, 'orders.db')}`,
    SESSION_STORE: `sqlite:${join(folder, 'shop.db')}`,
    FILES: `file:${join(folder, 'files')}`,
  }
}
