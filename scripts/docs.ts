// npm run docs: writes the pages that are made from the source.
import { writeFileSync } from 'node:fs'
import { optionsPage, optionsPath } from './docs/options.ts'

writeFileSync(optionsPath, optionsPage())
console.log(`wrote ${optionsPath}`)
