// drover/express on Express 4.
import { createRequire } from 'node:module'
import type { Express, RequestHandler } from 'express'
import { expressAdapter } from './express-mount.ts'
import { expressSuite } from './express-suite.ts'
import { nodeSuite } from './node-suite.ts'
import { adapterSuite } from './suite.ts'

interface Express4 {
  (): Express
  static: (folder: string) => RequestHandler
}

// Required, since it comes without declarations of its own; what is used of it is as in Express 5.
const express: Express4 = createRequire(import.meta.url)('express4')
const express4 = expressAdapter('Express 4', () => express())

adapterSuite(express4)
nodeSuite(express4)
await expressSuite({ create: () => express(), serveStatic: (folder) => express.static(folder) })
