// Variables as they are given on a command line: `--env NAME=VALUE`, any number of times.
import { DroverError } from '../base/errors.ts'

/** For an option that may be repeated. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value]
}

/** Throws OPTION_INVALID for one that has no name. */
export function parseVariables(assignments: readonly string[]): Readonly<Record<string, string>> {
  const pairs = assignments.map((assignment) => {
    const end = assignment.indexOf('=')
    if (end > 0) return [assignment.slice(0, end), assignment.slice(end + 1)] as const
    const message = `Cannot use --env ${JSON.stringify(assignment)}: wanted NAME=VALUE`
    throw new DroverError('OPTION_INVALID', message)
  })
  return Object.fromEntries(pairs)
}
