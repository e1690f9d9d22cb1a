// How `npm run start:stateful` runs it: exactly like the other shop, so that only the sessions differ.
import { defineConfig } from 'drover/config'

export default defineConfig({
  command: ['node', '--conditions=source', 'examples/shop-stateful/server.ts'],
  cwd: '../..',
  state: '../../.drover/stateful',
  instances: 3,
  health: '/health',
  reveal: true,
})
