// Runs the arguments on Node >= 24, whatever Node the machine has. Plain JavaScript, so that an old Node can read it.
//   node scripts/launch.js [node options] file.ts [arguments]
// npm links a package's `node` into .bin only from 11.6 on, so this looks in node_modules itself.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const wantedMajor = 24
const root = dirname(dirname(fileURLToPath(import.meta.url)))

function isNewEnough(version) {
  return Number(version.split('.')[0]) >= wantedMajor
}

function pinnedNode() {
  const names = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]
  return names.map((name) => join(root, 'node_modules', name, 'bin', 'node')).find((path) => existsSync(path))
}

function environment(node) {
  const path = dirname(node) + delimiter + (process.env.PATH ?? '')
  // The Node that started us: tests use it to show what an old Node sees.
  return { ...process.env, PATH: path, DROVER_OUTER_NODE: process.env.DROVER_OUTER_NODE ?? process.execPath }
}

function run(node, args) {
  const env = environment(node)
  // Replacing this process keeps the pid and needs no signal forwarding; Node has it from 22.15 on.
  if (typeof process.execve === 'function') process.execve(node, [node, ...args], env)
  const child = spawn(node, args, { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => {
      child.kill(signal)
    })
  }
  child.on('error', (error) => {
    console.error(`Cannot start ${node}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0))
  })
}

const node = isNewEnough(process.versions.node) ? process.execPath : pinnedNode()
if (node === undefined) {
  console.error(
    `Drover needs Node ${wantedMajor} or newer; this is ${process.versions.node}, and no pinned one for ` +
      `${process.platform}-${process.arch} is installed. Run npm ci, or install Node ${wantedMajor}.`,
  )
  process.exit(1)
}
run(node, process.argv.slice(2))
