// What the environment tells the preload.
import { realpathSync } from 'node:fs'
import { basename, sep } from 'node:path'

/** The app's folder: only what is in it is rewritten. */
export const rootVariable = 'DROVER_PROVE_ROOT'
/** As `evidenceVariable` of the port that starts the app; events go there. */
export const evidenceVariable = 'DROVER_PROVE_EVIDENCE'

/** As `portFolderVariable` of the port that starts the app: what is written there is none of the app's. */
export const portFolderVariable = 'DROVER_PROVE_PORT_FOLDER'

/** Where the app was copied elsewhere, the folder that it runs in. */
export function appRoot(): string {
  const cwd = real(process.cwd())
  const root = real(process.env[rootVariable] ?? cwd)
  return cwd === root || cwd.startsWith(root + sep) ? root : cwd
}

function real(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}

const launchers = new Set(['npm', 'npx', 'yarn', 'pnpm', 'corepack', 'npm-cli', 'npx-cli', 'yarnpkg'])

/** Package managers start the app and are none of it. */
export function isLauncher(program: string | undefined): boolean {
  return program !== undefined && launchers.has(basename(program).replace(/\.[cm]?js$/, ''))
}
