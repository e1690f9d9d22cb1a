// Checks every TypeScript project of the repository, one after another: the compiler uses all cores itself.
import { spawn } from 'node:child_process'

/** Projects of their own: they need another declaration of `request.session`, or write configs as users do. */
const projects = [
  'tsconfig.json',
  'examples/shop/tsconfig.json',
  'examples/shop-stateful/tsconfig.json',
  'examples/websocket/tsconfig.json',
  'examples/socket-io/tsconfig.json',
  'examples/nestjs/tsconfig.json',
  'examples/instance/tsconfig.json',
  'examples/files/tsconfig.json',
  'examples/tokens/tsconfig.json',
  'bench/contenders/connect-redis/tsconfig.json',
]

function check(project: string): Promise<boolean> {
  const args = ['node_modules/typescript/bin/tsc', '--noEmit', '-p', project]
  const compiler = spawn(process.execPath, args, { stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    compiler.once('error', reject)
    compiler.once('exit', (code) => {
      resolve(code === 0)
    })
  })
}

let right = true
for (const project of projects) right = (await check(project)) && right
process.exitCode = right ? 0 : 1
