// Installs Debian packages without letting any of them start a daemon. Runs as root, under flock; see ensure.ts.
//   install.ts PACKAGE...
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { withFileReplaced } from './set-aside.ts'

const policyPath = '/usr/sbin/policy-rc.d'
// invoke-rc.d asks this script before it starts a service; 101 means "not allowed".
const policy =
  '#!/bin/sh\n# Drover installs packages and starts none of them; this file goes away by itself.\nexit 101\n'
const clusterPath = '/etc/postgresql-common/createcluster.conf'
const aptTimeoutMs = 15 * 60_000
const waitForLock = ['-o', 'DPkg::Lock::Timeout=120']
const quietly = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }

// spawnSync returns before a handler runs, so an interrupt never comes between setting a file aside and putting it back.
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true
  })
}

function apt(...args: readonly string[]): void {
  const words = ['-qq', ...waitForLock, ...args]
  const result = spawnSync('apt-get', words, { encoding: 'utf8', env: quietly, timeout: aptTimeoutMs })
  if (result.status === 0) return
  const said = `${result.stdout}${result.stderr}`.trim()
  const end = result.error?.message ?? result.signal ?? `exit ${result.status}`
  throw new Error(`Cannot run apt-get ${args.join(' ')}: ${end}\n${said}`)
}

function installPackages(names: readonly string[]): void {
  apt('install', '-y', '--no-install-recommends', ...names)
}

/** postgresql makes and starts a cluster unless this file says no, and the file comes with postgresql-common. */
function installPostgres(names: readonly string[]): void {
  if (!existsSync(clusterPath)) installPackages(['postgresql-common'])
  const asked = `${readFileSync(clusterPath, 'utf8')}\ncreate_main_cluster = false\n`
  withFileReplaced(clusterPath, asked, 0o644, () => {
    installPackages(names)
  })
}

function main(names: readonly string[]): void {
  apt('update')
  withFileReplaced(policyPath, policy, 0o755, () => {
    if (names.includes('postgresql')) installPostgres(names)
    else installPackages(names)
  })
}

try {
  main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
setImmediate(() => {
  if (interrupted) process.exitCode = 130
  process.exit()
})
