import assert from 'node:assert/strict'
import { test } from 'node:test'
import { programWords, stateFlag, typedFlag } from './invocation.ts'

const calls: readonly (readonly [script: string, environment: Record<string, string>, words: string])[] = [
  ['/src/drover/src/cli/main.ts', {}, 'npm run -s drover --'],
  ['/src/drover/src/cli/main.ts', { npm_command: 'run-script' }, 'npm run -s drover --'],
  ['/app/node_modules/.bin/drover', {}, 'npx drover'],
  ['/app/node_modules/drover/bin/drover.js', {}, 'npx drover'],
  ['/opt/drover/bin/drover.js', { npm_command: 'exec' }, 'npx drover'],
  ['/usr/local/bin/drover', {}, 'drover'],
]

for (const [script, environment, words] of calls) {
  test(`programWords of ${script} ${JSON.stringify(environment)} is ${words}`, () => {
    assert.equal(programWords({ script, environment }), words)
  })
}

test('stateFlag is empty where the fleet is found anyway', () => {
  assert.equal(stateFlag('/app/.drover', '/app/.drover', '/app'), '')
})

test('stateFlag names another folder by its shorter path, quoted for a shell when need be', () => {
  assert.equal(stateFlag('/app/run', '/app/.drover', '/app'), ' --state run')
  assert.equal(stateFlag('/run/d', '/app/.drover', '/app'), ' --state /run/d')
  assert.equal(stateFlag("/app/it's here", '/app/.drover', '/app'), ` --state 'it'\\''s here'`)
})

test('typedFlag can be typed again, and is empty without a value', () => {
  assert.equal(typedFlag('--config', undefined), '')
  assert.equal(typedFlag('--config', 'my fleet.ts'), " --config 'my fleet.ts'")
})
