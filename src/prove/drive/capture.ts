// What a step takes from an answer for later steps.
import type { Capture } from '../flow/flow.ts'

/** The parts of an answer that a capture looks at. */
export interface Answer {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly text: string
}

/** Every value found, by name; what is not there is left out. */
export function captureAll(
  captures: Readonly<Record<string, Capture>>,
  answer: Answer,
): Readonly<Record<string, string>> {
  const found = Object.entries(captures).flatMap(([name, capture]) => {
    const value = captureOne(capture, answer)
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(found)
}

function captureOne(capture: Capture, { headers, text }: Answer): string | undefined {
  if (capture.from === 'header') return headers[capture.name.toLowerCase()]?.[0]
  if (capture.from === 'json') return captureJson(text, capture.path)
  const match = new RegExp(capture.pattern, 'u').exec(text) ?? undefined
  const value = match?.[1] ?? match?.[0]
  return value === undefined ? undefined : decodeEntities(value)
}

/** A page writes `&amp;` where the browser sends `&`. */
function decodeEntities(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    '#39': "'",
    '#x27': "'",
    '#x2F': '/',
    '#x3D': '=',
    '#43': '+',
    '#x2B': '+',
  }
  return text.replaceAll(/&(#?\w+);/g, (written, name: string) => entities[name] ?? written)
}

function captureJson(text: string, path: string): string | undefined {
  let value = parse(text)
  for (const key of path.split('.').filter((part) => part !== '' && part !== '$')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.entries(value).find(([name]) => name === key)?.[1]
  }
  if (typeof value === 'string') return value
  return value === undefined || value === null ? undefined : JSON.stringify(value)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
