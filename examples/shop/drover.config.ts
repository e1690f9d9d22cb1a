// How `npm start` runs the shop: three of it, on the embedded store.
import { defineConfig } from 'drover/config'

export default defineConfig({
  command: ['node', '--conditions=source', 'examples/shop/server.ts'],
  cwd: '../..',
  instances: 3,
  health: '/health',
  // Each response says which instance gave it, so that you can see them take turns.
  reveal: true,
  // When the instance at work on one of these is killed, another one does it, once. Those who send no key are given one.
  idempotentRoutes: [
    { path: '/api/cart', mint: true },
    { path: '/api/checkout', mint: true },
    { path: '/cart', mint: true },
    { path: '/cart/quantity', mint: true },
    { path: '/checkout', mint: true },
    { path: '/api/token/refresh', mint: true },
  ],
})
