// `drover up` as process 1 of a container. Two duties come with that number, and Node does neither: processes whose parent has
// died become its children and stay as zombies until it waits for them, and signals that it has no handler for do nothing. So
// process 1 becomes a shell that does both around the real `drover`.

/** POSIX; the supervisor needs it anyhow. */
const shell = '/bin/sh'

/** Variables that a shell would not pass on, as JSON: those whose names it could not assign to, such as `a.b`. */
const oddVariable = 'DROVER_ODD_ENVIRONMENT'

// Runs its arguments, passes signals on to them, waits for every process that becomes its child, as `wait` does in all shells,
// and ends as they do. A trap ends `wait` early, with a code above 128; the loop then waits on. 127: told in the round before.
// A signal may come before there is a child to pass it on to.
export const initScript = `
child= early= woken= status=127
pass() {
  woken=yes
  if [ -n "$child" ]; then kill -s "$1" "$child" 2>/dev/null; else early="$early $1"; fi
}
for signal in HUP INT QUIT TERM USR1 USR2; do trap "pass $signal" "$signal"; done
"$@" &
child=$!
for signal in $early; do kill -s "$signal" "$child"; done
while :; do
  woken=
  wait "$child"
  code=$?
  [ "$code" -eq 127 ] && exit "$status"
  status=$code
  [ -n "$woken" ] || exit "$status"
done
`

type Environment = Readonly<Record<string, string | undefined>>

/** A process as it was started: `node`, its own options, the script, and what that was given. */
export interface StartedProcess {
  readonly pid: number
  readonly execPath: string
  readonly execArgv: readonly string[]
  readonly argv: readonly string[]
  readonly env: Environment
}

export interface InitCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/**
 * What process 1 becomes; undefined for any other process and command. Sockets that were handed to process 1 (LISTEN_FDS) would
 * not outlive the change, so then it stays what it is.
 */
export function initCommand({ pid, execPath, execArgv, argv, env }: StartedProcess): InitCommand | undefined {
  const [, script, command] = argv
  if (pid !== 1 || script === undefined || command !== 'up' || env['LISTEN_FDS'] !== undefined)
    return undefined
  const variables = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const odd = variables.filter(([name]) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
  return {
    file: shell,
    args: ['sh', '-c', initScript, 'drover', execPath, ...execArgv, ...argv.slice(1)],
    env: {
      ...Object.fromEntries(variables),
      ...(odd.length === 0 ? {} : { [oddVariable]: JSON.stringify(Object.fromEntries(odd)) }),
    },
  }
}

/** Puts back what the shell did not pass on. */
export function restoreEnvironment(env: Record<string, string | undefined>): void {
  const odd = env[oddVariable]
  if (odd === undefined) return
  Object.assign(env, JSON.parse(odd))
  Reflect.deleteProperty(env, oddVariable)
}
