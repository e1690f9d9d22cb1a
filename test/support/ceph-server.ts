// A Ceph of the test's own, as small as it gets: a monitor, one disk in memory and the gateway that speaks S3. It keeps
// `If-None-Match`, which Swift does not.
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ceph } from '../../scripts/parts/catalog.ts'
import { requirePart } from '../../scripts/parts/find.ts'
import { freePort } from './free-port.ts'
import { kill } from './process.ts'
import { ready } from './ready.ts'
import { isOk, makeBucket } from './s3-bucket.ts'
import type { BucketServer } from './s3-bucket.ts'

const run = promisify(execFile)
const clusterId = '6f6f0b8a-3a4e-4b8e-9d5e-0d1f6f0b8a3a'
const diskId = '0d1f6f0b-8a3a-4b8e-9d5e-6f6f0b8a3a4e'
const credentials = { accessKeyId: 'tester', secretAccessKey: 'testing-testing' }

interface Cluster {
  readonly folder: string
  /** Of the gateway. */
  readonly port: number
  /** Starts one of Ceph's programs, which goes on. */
  readonly start: (program: string, ...args: readonly string[]) => ChildProcess
  /** Runs one to its end. */
  readonly finish: (program: string, ...args: readonly string[]) => Promise<unknown>
}

/** A bucket of its own on a free loopback port. */
export async function startCeph(): Promise<BucketServer> {
  const programs = dirname(requirePart(ceph))
  const folder = await mkdtemp(join(tmpdir(), 'drover-ceph-'))
  const children: ChildProcess[] = []
  const port = await freePort()
  const common = ['-c', join(folder, 'ceph.conf'), '--no-mon-config']
  const cluster: Cluster = {
    folder,
    port,
    start: (program, ...args) => {
      const child = spawn(join(programs, program), [...common, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      children.push(child)
      child.stdout.resume()
      child.stderr.resume()
      return child
    },
    finish: (program, ...args) => run(join(programs, program), [...common, ...args], { timeout: 60_000 }),
  }
  const stop = async () => {
    await Promise.all(children.map(kill))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await startDaemons(cluster)
    const endpoint = `http://127.0.0.1:${port}`
    return {
      ...(await makeBucket(endpoint, credentials)),
      isConditional: true,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startDaemons({ folder, port, start, finish }: Cluster): Promise<void> {
  const monitorPort = await freePort()
  const maps = [join(folder, 'monmap'), join(folder, 'osdmap')] as const
  await writeFile(join(folder, 'ceph.conf'), configuration(folder, monitorPort, port))
  for (const name of ['monitor', 'disk', 'gateway']) await mkdir(join(folder, name))
  const monitor = `[v1:127.0.0.1:${monitorPort}]`
  await finish('monmaptool', '--create', '--fsid', clusterId, '--addv', 'a', monitor, maps[0])
  await finish('osdmaptool', '--createsimple', '1', maps[1])
  await finish('ceph-mon', '--mkfs', '-i', 'a', '--monmap', maps[0], '--osdmap', maps[1])
  start('ceph-mon', '-f', '-i', 'a')
  await finish('ceph-osd', '--mkfs', '-i', '0', '--osd-uuid', diskId)
  start('ceph-osd', '-f', '-i', '0')
  const { accessKeyId, secretAccessKey } = credentials
  const user = ['--uid=tester', '--display-name=tester', `--access-key=${accessKeyId}`]
  await finish(
    'radosgw-admin',
    '-n',
    'client.gateway',
    'user',
    'create',
    ...user,
    `--secret=${secretAccessKey}`,
  )
  const gateway = start('radosgw', '-f', '-n', 'client.gateway')
  await ready(gateway, 'the gateway of Ceph', () => isOk(`http://127.0.0.1:${port}`), 60_000)
}

/** Everything on loopback and below the folder, one copy of each object, and no waiting for more to decide at once. */
function configuration(folder: string, monitorPort: number, port: number): string {
  return `[global]
fsid = ${clusterId}
mon_host = v1:127.0.0.1:${monitorPort}
public_addr = 127.0.0.1
ms_bind_msgr2 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
run_dir = ${folder}
crash_dir = ${folder}
admin_socket =
log_file =
pid_file =
mon_data = ${folder}/monitor
osd_data = ${folder}/disk
osd_objectstore = memstore
osd_crush_chooseleaf_type = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
paxos_propose_interval = 0.01
paxos_min_wait = 0.01
[client.gateway]
rgw_frontends = beast endpoint=127.0.0.1:${port}
rgw_data = ${folder}/gateway
rgw_enable_apis = s3
`
}
