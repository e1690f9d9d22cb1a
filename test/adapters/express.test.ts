// drover/express on Express 5.
import express from 'express'
import { expressAdapter } from './express-mount.ts'
import { expressSuite } from './express-suite.ts'
import { nodeSuite } from './node-suite.ts'
import { adapterSuite } from './suite.ts'

const express5 = expressAdapter('Express 5', () => express())

adapterSuite(express5)
nodeSuite(express5)
await expressSuite({ create: () => express(), serveStatic: (folder) => express.static(folder) })
