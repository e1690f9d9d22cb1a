// How `npm start` runs the shop: three of it, on the embedded store.
import type { DroverConfig } from 'drover/config'

const config: DroverConfig = {
  command: ['node', '--conditions=source', 'examples/shop/server.ts'],
  cwd: '../..',
  instances: 3,
  health: '/health',
  // Each response says which instance gave it, so that you can see them take turns.
  reveal: true,
}

export default config
