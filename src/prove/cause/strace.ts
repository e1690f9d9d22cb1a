// What strace saw: files that an app of any language opened to write, or renamed to. For apps that no preload gets into.
import { spawnSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Instrument } from '../app/servers.ts'

const prefix = 'drover-strace'

/** Undefined where strace is not installed, or may not trace here. */
export function straceInstrument(): Instrument | undefined {
  const { status } = spawnSync('strace', ['-f', '--seccomp-bpf', '-o', '/dev/null', 'true'], {
    stdio: 'ignore',
  })
  if (status !== 0) return undefined
  const calls = 'openat,open,creat,rename,renameat,renameat2'
  const options = ['-ff', '-qq', '-y', '--seccomp-bpf', '-ttt', '-s', '4096', '-e', `trace=${calls}`]
  return {
    env: {},
    preload: [],
    wrap: (evidence) => ['strace', ...options, '-o', join(evidence, prefix), '--'],
  }
}

export interface TracedWrite {
  readonly path: string
  /** Since the epoch. */
  readonly atMs: number
}

/** In the order of time. `evidence`: the folder that the instrument was given. */
export async function tracedWrites(evidence: string): Promise<readonly TracedWrite[]> {
  const files = await readdir(evidence).catch(() => [])
  const logs = files.filter((file) => file.startsWith(`${prefix}.`))
  const texts = await Promise.all(logs.map((file) => readFile(join(evidence, file), 'utf8').catch(() => '')))
  return texts.flatMap((text) => parseTrace(text)).toSorted((a, b) => a.atMs - b.atMs)
}

const opened =
  /^(\d+\.\d+) (?:openat|open|creat)\((?:[^"]*)"((?:[^"\\]|\\.)*)"(?:, ([A-Z_|0-9]+))?.*\) = \d+(?:<([^>]*)>)?/
const renamed = /^(\d+\.\d+) rename(?:at2?)?\(.*"((?:[^"\\]|\\.)*)"(?:, [A-Z_|0-9]+)?\) = 0/

/** Calls that succeeded; devices and what is only read are left out. A last line may be half written. */
export function parseTrace(text: string): readonly TracedWrite[] {
  return text.split('\n').flatMap((line) => {
    const open = opened.exec(line)
    const [, seconds, given = '', flags = '', real] = open ?? []
    const isWritten = /O_WRONLY|O_RDWR|O_CREAT/.test(flags) || line.includes(' creat(')
    if (open !== null && isWritten) return written(seconds, real ?? given)
    const [, renamedAt, target] = renamed.exec(line) ?? []
    return target === undefined ? [] : written(renamedAt, target)
  })
}

function written(seconds: string | undefined, path: string): readonly TracedWrite[] {
  const isDevice = /^\/(?:dev|proc|sys)\//.test(path) || path.includes('/drover-')
  return seconds === undefined || isDevice ? [] : [{ path, atMs: Number(seconds) * 1000 }]
}

/** Paths since a moment, each once, relative to the app's folder where they are in it. */
export function writtenSince(
  writes: readonly TracedWrite[],
  sinceMs: number,
  cwd: string,
): readonly string[] {
  const paths = writes
    .filter(({ atMs }) => atMs >= sinceMs)
    .map(({ path }) => (path.startsWith('/') ? relative(cwd, path) : path))
  return [...new Set(paths)].map((path) => (path.startsWith('..') ? join(cwd, path) : path))
}
