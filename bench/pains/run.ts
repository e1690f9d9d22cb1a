// Tries every pain on every library. The libraries are tried side by side, each on a Redis of its own.
import type { PainSettings } from '../contenders/pains/settings.ts'
import { startNode, type Place } from '../program.ts'
import { connectTo, startRedis } from '../redis.ts'
import { Stage } from '../stage.ts'
import type { Finding, Scenario, Scene } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'
import { subjects, type Subject } from './subjects.ts'

/** In the order of the pains, and of the libraries for each. */
export async function findPains(stage: Stage, progress: (line: string) => void): Promise<readonly Finding[]> {
  const found = await Promise.all(subjects.map((subject) => tryAll(stage, subject, progress)))
  return scenarios.flatMap((_scenario, index) => found.flatMap((findings) => findings[index] ?? []))
}

async function tryAll(
  run: Stage,
  subject: Subject,
  progress: (line: string) => void,
): Promise<readonly Finding[]> {
  const stage = new Stage(run.signal)
  run.onClear(() => stage.clear())
  const redis = await startRedis(stage)
  const settings = { ...defaults, store: redis.url }
  const [a, b] = [await startApp(stage, subject, settings), await startApp(stage, subject, settings)]
  const scene = { subject, a, b, redis: await connectTo(stage, redis.url), url: redis.url }
  const findings: Finding[] = []
  for (const scenario of scenarios) {
    progress(`${subject.name}: ${scenario.pain}`)
    findings.push(await tryOne(scenario, scene, run))
  }
  await stage.clear()
  return findings
}

const defaults: PainSettings = { store: undefined, secure: false, lifetimeMs: undefined, nearCache: false }

async function tryOne(
  scenario: Scenario,
  shared: Omit<Scene, 'stage' | 'startServer'>,
  run: Stage,
): Promise<Finding> {
  const { subject } = shared
  const finding = { pain: scenario.pain, library: subject.name }
  const exemption = scenario.exempts(subject)
  if (exemption !== undefined) return { ...finding, verdict: 'does not apply', seen: exemption }
  const stage = new Stage(run.signal)
  run.onClear(() => stage.clear())
  const startServer: Scene['startServer'] = (settings, place) =>
    startApp(stage, subject, { ...defaults, ...settings }, place)
  try {
    const { suffers, seen } = await scenario.observe({ ...shared, stage, startServer })
    return { ...finding, verdict: suffers ? 'suffers' : 'free of it', seen }
  } catch (cause) {
    run.signal.throwIfAborted()
    throw new Error(`Cannot try "${scenario.pain}" on ${subject.name}`, { cause })
  } finally {
    await stage.clear()
  }
}

async function startApp(
  stage: Stage,
  subject: Subject,
  settings: PainSettings,
  place: Place = {},
): Promise<string> {
  const program = new URL(`../contenders/${subject.program}.ts`, import.meta.url)
  const words = [JSON.stringify({ ...settings, nearCache: subject.nearCache })]
  const {
    ports: [port = 0],
  } = await startNode(stage, program, words, place)
  return `http://127.0.0.1:${port}`
}
