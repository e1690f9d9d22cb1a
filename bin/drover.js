#!/usr/bin/env node
// Refuses an old Node with a plain sentence before anything newer is parsed; otherwise starts the command line.
const wantedMajor = 24

if (Number(process.versions.node.split('.')[0]) < wantedMajor) {
  console.error(`drover needs Node ${wantedMajor} or newer; this is Node ${process.versions.node}`)
  process.exit(1)
}
await import('../dist/cli/main.js')
