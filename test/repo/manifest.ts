// package.json as the tests of this folder read it.
import { readText } from './imports.ts'

export interface Subpath {
  readonly source: string
  readonly types: string
  readonly default: string
}

export interface Manifest {
  readonly exports: Readonly<Record<string, Subpath | string>>
  readonly scripts: Readonly<Record<string, string>>
  readonly files: readonly string[]
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly devDependencies: Readonly<Record<string, string>>
}

export function readManifest(): Manifest {
  return JSON.parse(readText('package.json')) as Manifest
}

/** '@scope/name/deep/file' belongs to package '@scope/name'. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
