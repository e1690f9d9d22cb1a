// How `npm start` runs the shop: three of it, on the embedded store.
import { defineConfig } from 'drover/config'

export default defineConfig({
  command: ['node', '--conditions=source', 'examples/shop/server.ts'],
  cwd: '../..',
  instances: 3,
  health: '/health',
  // Each response says which instance gave it, so that you can see them take turns.
  reveal: true,
})
