// From where a flow comes to the flow itself; some sources need an instance to look at.
import type { AppSpec, Servers, Starter } from './app/servers.ts'
import { startUntil } from './app/start-until.ts'
import { readEvents } from './cause/events.ts'
import { routesIn } from './cause/routes.ts'
import { crawl, crawlOptions } from './crawl/crawl.ts'
import { hintsInFolder, noHints } from './crawl/source-hints.ts'
import { readFlowFile } from './flow/file.ts'
import { readHarFile } from './flow/har/har.ts'
import { openApiOptions, readOpenApiFile } from './flow/openapi/openapi.ts'
import type { Reading } from './flow/reading.ts'
import { nodeInstrument } from './instrument/instrument.ts'
import { driveOptions } from './drive/drive.ts'
import type { FlowSource } from './request.ts'

export interface SourceParts {
  readonly app: AppSpec
  readonly starter: Pick<Starter, 'startServers'>
  readonly seed: number
  readonly signal: AbortSignal
}

export interface SourcedFlow extends Reading {
  /** What the app's framework knows of routes; undefined: it tells none, or was not asked. */
  readonly routes: readonly string[] | undefined
  /** Why there is no flow to judge by, in one sentence. */
  readonly failure: string | undefined
}

/** A route that no crawl can tell the path of. */
const anySocket = 'WS *'

/** Routes alone are not worth more. */
const lookMs = 20_000

/** Tests are judged before they become a flow. */
export type RequestedFlow = Exclude<FlowSource, { readonly from: 'tests' }>

/** Rejects with OPTION_INVALID, AppFailure, and the signal's reason. */
export async function flowFrom(source: RequestedFlow, parts: SourceParts): Promise<SourcedFlow> {
  const known = { routes: undefined, failure: undefined }
  if (source.from === 'file') return { ...known, flow: await readFlowFile(source.path), skipped: [] }
  if (source.from === 'har') return { ...known, ...(await readHarFile(source.path)) }
  if (source.from === 'openapi')
    return { ...known, ...(await readOpenApiFile(source.path, { ...openApiOptions, seed: parts.seed })) }
  return crawled(parts)
}

async function crawled(parts: SourceParts): Promise<SourcedFlow> {
  const routes = await frameworkRoutes(parts)
  const { app, seed, signal } = parts
  const hints = app.targets.length > 0 ? noHints : await hintsInFolder(app.cwd)
  return onOneInstance(parts, async ({ origins }) => {
    const host = app.targets[0] === undefined ? driveOptions.site.host : new URL(app.targets[0]).host
    const { flow, skipped, leavesSockets } = await crawl(origins[0] ?? '', {
      ...crawlOptions,
      seed,
      host,
      knownRoutes: routes ?? [],
      hints,
      signal,
    })
    const failure = flow.steps.length === 0 ? 'the crawl found nothing that answers' : undefined
    const known = leavesSockets === true && routes !== undefined ? [...routes, anySocket] : routes
    return { flow, skipped, routes: known, failure }
  })
}

async function onOneInstance<T>(
  { starter, app, signal }: SourceParts,
  work: (servers: Servers) => Promise<T>,
): Promise<T> {
  const servers = await startUntil(signal, () => starter.startServers(app, 'single', 1))
  try {
    return await work(servers)
  } finally {
    await servers.stop()
  }
}

/** Asked of the framework by an instrument; undefined where it does not tell, or the app does not start with one. */
async function frameworkRoutes({
  starter,
  app,
  signal,
}: SourceParts): Promise<readonly string[] | undefined> {
  if (app.targets.length > 0) return undefined
  let servers: Servers | undefined
  try {
    const instrument = { ...nodeInstrument(app.cwd), readyWithinMs: lookMs }
    servers = await startUntil(signal, () => starter.startServers(app, 'single', 1, instrument))
    await fetch(`${servers.origins[0]}/`, { redirect: 'manual', signal }).catch(() => undefined)
    return routesIn(await readEvents(servers.evidenceFolder(1)))
  } catch {
    signal.throwIfAborted()
    return undefined
  } finally {
    await servers?.stop()
  }
}
