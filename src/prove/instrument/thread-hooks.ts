// The load hook where Node runs hooks in a thread of their own, before 22.15.
import type { LoadFnOutput, LoadHookContext } from 'node:module'
import { entryPackages } from './entry-package.ts'
import { Frames } from './frames.ts'
import { Instrumenter } from './instrumenter.ts'
import { rewritten } from './loading.ts'
import { appRoot } from './settings.ts'

const instrumenter = new Instrumenter()
const frames = new Frames(appRoot(), instrumenter.originals, entryPackages(process.argv[1]))

export async function load(
  url: string,
  context: LoadHookContext,
  nextLoad: (url: string, context: LoadHookContext) => LoadFnOutput | Promise<LoadFnOutput>,
): Promise<LoadFnOutput> {
  return rewritten(url, await nextLoad(url, context), context, { instrumenter, frames })
}
