// An app that was installed rather than written here, such as `npx json-server db.json`: its own code is a package in node_modules.
import { realpathSync } from 'node:fs'
import { packageIn } from './frames.ts'

/** They run somebody else's code, or are no server. */
const runners = new Set(
  (
    'tsx ts-node ts-node-dev tsm esno jiti esbuild-runner nodemon node-dev forever pm2 cross-env env-cmd dotenv-cli dotenvx @dotenvx/dotenvx ' +
    'concurrently npm-run-all npm-run-all2 wait-on start-server-and-test typescript webpack webpack-cli webpack-dev-server vite rollup parcel ' +
    'gulp gulp-cli grunt grunt-cli turbo nx lerna bunchee tsup swc @swc/cli @swc-node/register @babel/node @babel/cli sucrase ' +
    'next nuxt nuxi astro react-scripts @remix-run/serve @remix-run/dev @react-router/serve @sveltejs/kit @vue/cli-service gatsby ' +
    '@nestjs/cli fastify-cli @adonisjs/assembler strapi @strapi/strapi @feathersjs/cli sails moleculer micro ' +
    '@google-cloud/functions-framework serverless serverless-offline wrangler vercel netlify-cli ' +
    'mocha jest vitest ava tap prisma knex sequelize-cli typeorm drizzle-kit db-migrate node-pg-migrate npm npx yarn pnpm'
  ).split(' '),
)

/** Which packages are the app itself: that of the program which was started, and what is published beside it under the same name. */
export function entryPackages(program: string | undefined): (name: string) => boolean {
  const name = program === undefined ? undefined : packageIn(real(program))
  if (name === undefined || runners.has(name)) return () => false
  const scope = name.startsWith('@') ? name.slice(0, name.indexOf('/') + 1) : `@${name}/`
  return (other) => other === name || other.startsWith(scope)
}

function real(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}
