import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommanderError } from 'commander'
import { DroverError } from '../base/errors.ts'
import { exitCodeOf, exitCodes, failureLine, Said, usageError } from './failure.ts'

test('failureLine keeps every error on one line', () => {
  assert.equal(failureLine(new Error('one\n  two\n'), 'drover'), 'one two')
  assert.equal(failureLine('text', 'drover'), 'text')
})

test('failureLine says how to start a fleet where none runs, in the words of the caller', () => {
  const error = new DroverError(
    'FLEET_NOT_RUNNING',
    'Cannot reach a fleet in .drover: nothing is running there',
  )
  assert.equal(failureLine(error, 'npx drover'), `${error.message} (start one with npx drover up)`)
})

test('exitCodeOf tells wrong usage from failure', () => {
  assert.equal(exitCodeOf(new DroverError('OPTION_INVALID', 'x')), 2)
  assert.equal(exitCodeOf(new DroverError('PORT_TAKEN', 'x')), 1)
  assert.equal(exitCodeOf(new Error('x')), 1)
  assert.equal(exitCodeOf(new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)')), 0)
  assert.equal(exitCodeOf(new CommanderError(1, 'commander.help', '(outputHelp)')), 2)
})

test('a command that has said all ends with its own code and no line', () => {
  assert.equal(exitCodeOf(new Said(exitCodes.usage)), 2)
  assert.equal(failureLine(new Said(exitCodes.failed), 'drover'), undefined)
})

const complaints: readonly (readonly [code: string, message: string, line: string])[] = [
  [
    'unknownOption',
    "error: unknown option '--prot'\n(Did you mean --port?)",
    'Cannot use --prot: there is no such option, did you mean --port?',
  ],
  [
    'unknownOption',
    "error: unknown option '--x'",
    'Cannot use --x: there is no such option, see drover --help',
  ],
  [
    'unknownCommand',
    "error: unknown command 'sta'\n(Did you mean one of status, stop?)",
    'Cannot run "sta": there is no such command, did you mean status, stop?',
  ],
  [
    'optionMissingArgument',
    "error: option '-p, --port <number>' argument missing",
    'Cannot use --port: wanted a value after it, <number>',
  ],
  [
    'missingArgument',
    "error: missing required argument 'id'",
    'Cannot run kill without <id>: see drover kill --help',
  ],
  [
    'excessArguments',
    "error: too many arguments for 'status'. Expected 0 arguments but got 1: x.",
    'Cannot run kill: wanted no arguments, but got 1: x',
  ],
  ['other', 'error: something\nelse', 'Cannot run kill: something else'],
]

for (const [code, message, line] of complaints) {
  test(`usageError says in our words: ${message.split('\n')[0]}`, () => {
    const error = usageError(new CommanderError(1, `commander.${code}`, message), 'kill', 'drover')
    assert.equal(error.message, line)
    assert.equal(exitCodeOf(error), 2)
  })
}

test('usageError lets printed help pass', () => {
  const help = new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)')
  assert.equal(usageError(help, 'kill', 'drover'), help)
  assert.equal(failureLine(help, 'drover'), undefined)
})
