// Balancers that only balance, each before the instances of a plain keeper.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { caddy, haproxy, nginx } from '../../scripts/parts/catalog.ts'
import { findPart, requirePart } from '../../scripts/parts/find.ts'
import type { Part } from '../../scripts/parts/part.ts'
import { freePort } from '../../test/support/free-port.ts'
import { startServer, type Program } from '../program.ts'
import type { Stage } from '../stage.ts'
import { startNginx } from '../suites/balancer-contenders.ts'
import type { Contender } from './fleet.ts'
import { Keeper } from './keeper.ts'

type StartProxy = (stage: Stage, targets: readonly string[]) => Promise<Program>

function proxied(key: string, name: string, part: Part, startProxy: StartProxy): Contender {
  return {
    key,
    name,
    isInstalled: () => findPart(part) !== undefined,
    start: async (stage, databases) => {
      const keeper = await Keeper.start(stage, databases)
      const { ports } = await startProxy(stage, keeper.origins)
      return {
        origin: `http://127.0.0.1:${ports[0] ?? 0}`,
        instances: () => keeper.instances(),
        roll: (signal) => keeper.roll(signal),
      }
    },
  }
}

/** Debian's example: checks of the health path, and its timeouts. `choices` are further lines of `defaults`. */
function startHaproxy(
  stage: Stage,
  targets: readonly string[],
  choices: readonly string[],
): Promise<Program> {
  return startConfigured(stage, {
    part: haproxy,
    file: 'haproxy.cfg',
    text: (port) => `
global
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
${choices.map((line) => `  ${line}`).join('\n')}
frontend shop
  bind 127.0.0.1:${port}
  option forwardfor
  default_backend instances
backend instances
  balance roundrobin
  option httpchk GET /health
${targets.map((target, index) => `  server instance${index + 1} ${new URL(target).host} check inter 1s`).join('\n')}
`,
    args: (path) => ['-db', '-f', path],
  })
}

function startCaddy(stage: Stage, targets: readonly string[]): Promise<Program> {
  return startConfigured(stage, {
    part: caddy,
    file: 'Caddyfile',
    text: (port, folder) => `
{
  admin off
  auto_https off
  storage file_system ${folder}
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  reverse_proxy ${targets.map((target) => new URL(target).host).join(' ')} {
    lb_policy round_robin
    lb_retries 3
    health_uri /health
    health_interval 1s
  }
}
`,
    args: (path) => ['run', '--adapter', 'caddyfile', '--config', path],
  })
}

interface Configured {
  readonly part: Part
  readonly file: string
  readonly text: (port: number, folder: string) => string
  readonly args: (path: string) => readonly string[]
}

async function startConfigured(stage: Stage, { part, file, text, args }: Configured): Promise<Program> {
  const folder = await stage.folder()
  const port = await freePort()
  const path = join(folder, file)
  await writeFile(path, text(port, folder))
  // What it keeps of its own goes into the folder, not into the home of whoever runs this.
  const home = [`HOME=${folder}`, `XDG_CONFIG_HOME=${folder}`, `XDG_DATA_HOME=${folder}`]
  return startServer(stage, 'env', [...home, requirePart(part), ...args(path)], port)
}

export const proxiedContenders: readonly Contender[] = [
  proxied('nginx', 'nginx', nginx, (stage, targets) => startNginx(stage, targets)),
  proxied('nginx-no-ejection', 'nginx, max_fails=0', nginx, (stage, targets) =>
    startNginx(stage, targets, 'max_fails=0'),
  ),
  proxied('haproxy', 'HAProxy', haproxy, (stage, targets) => startHaproxy(stage, targets, [])),
  proxied('haproxy-retry', 'HAProxy, retry-on all', haproxy, (stage, targets) =>
    startHaproxy(stage, targets, ['retry-on all-retryable-errors', 'retries 3', 'option redispatch 1']),
  ),
  proxied('caddy', 'Caddy, lb_retries', caddy, startCaddy),
]
