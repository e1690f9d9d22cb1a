// Which room of src/ may import which, as data. Everybody may import base; what is not written here is not allowed.
//   'room'          anything of that room
//   'room/file.ts'  only that file
//   'type room'     only its types, so that nothing of it is loaded

export const importTable: Readonly<Record<string, readonly string[]>> = {
  'index.ts': ['session', 'tokens', 'idempotency', 'stores', 'files'],
  base: [],
  session: ['tokens/key-ring.ts'],
  tokens: [],
  idempotency: [],
  lease: [],
  files: ['tokens/key-ring.ts'],
  'rate-limit': [],
  stores: ['session', 'tokens', 'idempotency', 'lease', 'rate-limit'],
  adapters: ['session', 'tokens', 'idempotency', 'instance', 'stores', 'files'],
  instance: [],
  testing: ['session', 'tokens', 'idempotency', 'lease', 'files', 'rate-limit'],
  balancer: [],
  supervisor: [],
  control: [],
  prove: ['balancer', 'supervisor'],
  export: ['type config'],
  config: ['type supervisor', 'type balancer'],
  runtime: ['config', 'control', 'supervisor', 'balancer', 'console'],
  console: [],
  cli: ['config', 'control', 'runtime', 'prove', 'export'],
}

/** What an app loads when it imports drover. */
export const libraryWing: readonly string[] = [
  'index.ts',
  'session',
  'tokens',
  'idempotency',
  'lease',
  'files',
  'rate-limit',
  'stores',
  'adapters',
  'instance',
  'testing',
]

/** What runs and balances an app. Neither wing ever reaches the other, however indirectly. */
export const runtimeWing: readonly string[] = [
  'balancer',
  'supervisor',
  'control',
  'console',
  'runtime',
  'cli',
  'prove',
]
