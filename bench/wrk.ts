// The load: wrk keeps connections busy for a while and counts the answers.
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What every connection asks again and again. */
export interface Load {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
  /** Sent in turn, one with each request. */
  readonly cookies?: readonly string[]
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
}

export const connections = 64

/** One thread: it outruns every contender, and leaves the other core to them. */
const threads = 1
const mark = 'drover-bench'

/** What wrk's summary says at the end, in words of our own. */
const report = `
done = function(summary)
  local e = summary.errors
  io.write(string.format("${mark} %d %d %d %d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.timeout, e.status))
end
`

/** Rejects when a single answer was an error: what failed must not count as fast. Without any answer it gives 0 requests. */
export async function runWrk(
  wrk: string,
  folder: string,
  port: number,
  load: Load,
  seconds: number,
  signal: AbortSignal,
): Promise<LoadResult> {
  const script = join(folder, 'load.lua')
  await writeFile(script, writeScript(load))
  // wrk counts in whole seconds; asked by SIGINT it ends earlier and reports what it has.
  const args = [`-t${threads}`, `-c${connections}`, `-d${Math.ceil(seconds)}s`, '-s', script]
  const child = spawn(wrk, [...args, `http://127.0.0.1:${port}${load.path}`], { signal })
  const early = Number.isInteger(seconds) ? undefined : setTimeout(() => child.kill('SIGINT'), seconds * 1000)
  try {
    const text = await new Promise<string>((resolve, reject) => {
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
      child.once('error', reject)
      child.once('close', () => {
        resolve(said)
      })
    })
    return readReport(text, load)
  } finally {
    clearTimeout(early)
  }
}

function readReport(text: string, load: Load): LoadResult {
  const match = new RegExp(`^${mark} (\\d+) (\\d+) (\\d+) (\\d+)$`, 'm').exec(text)
  if (match === null)
    throw new Error(`Cannot measure ${load.method} ${load.path}: wrk said ${JSON.stringify(text)}`)
  const [requests = 0, micros = 0, broken = 0, refused = 0] = match.slice(1).map(Number)
  if (broken > 0 || refused > 0) {
    throw new Error(
      `Cannot measure ${load.method} ${load.path}: of ${requests} requests, ${refused} had an error status and ${broken} broke`,
    )
  }
  return { requests, seconds: micros / 1_000_000 }
}

function writeScript(load: Load): string {
  let script = `wrk.method = "${load.method}"\n`
  if (load.body !== undefined) {
    script += `wrk.body = ${JSON.stringify(load.body)}\nwrk.headers["Content-Type"] = "text/plain"\n`
  }
  if (load.cookies !== undefined) script += writeTurns(load.cookies)
  return script + report
}

/** Every request is written once, before the load begins: building them meanwhile would cost wrk its lead. */
function writeTurns(cookies: readonly string[]): string {
  return `
local cookies = { ${cookies.map((cookie) => JSON.stringify(cookie)).join(', ')} }
local requests = {}
local turn = 0
init = function()
  for i, cookie in ipairs(cookies) do requests[i] = wrk.format(nil, nil, { Host = wrk.headers["Host"], Cookie = cookie }) end
end
request = function()
  turn = turn % #requests + 1
  return requests[turn]
end
`
}
