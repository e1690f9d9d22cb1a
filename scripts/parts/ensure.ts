// Makes sure that the named parts are on this machine: finds them, or installs them where that needs no question.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findPart } from './find.ts'
import type { Part } from './part.ts'

const installer = fileURLToPath(new URL('install.ts', import.meta.url))
/** How long one run may wait for another that installs at the same time. */
const lockWaitSeconds = 300

function answers(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** The words that run a command as root without asking anybody; undefined when nothing does. */
function rootPrefix(): readonly string[] | undefined {
  if (process.getuid?.() === 0) return []
  return answers('sudo', ['-n', 'true']) ? ['sudo', '-n'] : undefined
}

function instructions(missing: readonly Part[], reason: string): string {
  const debian = missing.flatMap((part) => part.apt).join(' ')
  const casks = missing.flatMap((part) => part.brew.filter((name) => name.startsWith('--cask')))
  const formulae = missing.flatMap((part) => part.brew.filter((name) => !name.startsWith('--cask')))
  const brew = [formulae.join(' '), ...casks]
    .filter((words) => words !== '')
    .map((words) => `brew install ${words}`)
  return [
    `Cannot go on without ${missing.map((part) => part.name).join(', ')}: ${reason}. Install with`,
    `  Debian:  sudo apt-get install -y --no-install-recommends ${debian}`,
    `  macOS:   ${brew.join(' && ')}`,
  ].join('\n')
}

/** flock is part of every Debian: two runs at once take turns, so neither takes the other's quiet for the real policy. */
async function install(missing: readonly Part[], prefix: readonly string[]): Promise<number | null> {
  const lock = ['flock', '-w', String(lockWaitSeconds), '/run/lock/drover-parts.lock']
  const words = [...prefix, ...lock, process.execPath, installer, ...missing.flatMap((part) => part.apt)]
  const [command = '', ...args] = words
  const child = spawn(command, args, { stdio: 'inherit' })
  await once(child, 'exit')
  return child.exitCode
}

/** Resolves when every part is there; rejects with what to install, and how, when that cannot be done from here. */
export async function ensureParts(parts: readonly Part[]): Promise<void> {
  const missing = [...new Set(parts)].filter((part) => findPart(part) === undefined)
  if (missing.length === 0) return
  if (!answers('apt-get', ['--version']))
    throw new Error(instructions(missing, 'they are not on this machine'))
  const prefix = rootPrefix()
  if (prefix === undefined) {
    throw new Error(instructions(missing, 'this user is not root and sudo asks for a password'))
  }
  const names = missing.map((part) => part.name).join(', ')
  console.log(`Installing ${names} with apt-get; nothing is started`)
  const code = await install(missing, prefix)
  const still = missing.filter((part) => findPart(part) === undefined)
  if (still.length > 0) throw new Error(instructions(still, `apt-get ended with ${code}`))
}
