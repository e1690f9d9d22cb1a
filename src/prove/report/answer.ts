// An answer as lines that can be laid beside another's.
import { createHash } from 'node:crypto'
import type { Observation } from '../trace.ts'
import { plainLine } from './plain.ts'

const maxBodyBytes = 64 * 1024
const lineWidth = 400

/** Fields that say nothing of the app's state and differ between any two answers. */
const ofTheMoment: ReadonlySet<string> = new Set([
  'date',
  'content-length',
  'connection',
  'keep-alive',
  'transfer-encoding',
])

/** Status, headers by name, a blank line, then body and messages. */
export function answerLines({ status, headers, body, messages, error }: Observation): readonly string[] {
  if (status === 0 && messages.length === 0)
    return [`no answer: ${plainLine(error ?? 'the connection ended')}`]
  const fields = Object.entries(headers)
    .filter(([name]) => !ofTheMoment.has(name))
    .toSorted(([one], [two]) => (one < two ? -1 : 1))
    .flatMap(([name, values]) => values.map((value) => `${name}: ${value}`))
  const content = body.length === 0 ? [] : ['', ...bodyLines(body, headers['content-type']?.[0] ?? '')]
  const received = messages.flatMap((message) => message.split('\n').map((line) => `◂ ${line}`))
  const head = messages.length > 0 && status === 0 ? [] : [String(status)]
  return [...head, ...fields, ...content, ...received].map((line) => plainLine(line).slice(0, lineWidth))
}

function bodyLines(body: Uint8Array, type: string): readonly string[] {
  const bytes = Buffer.from(body)
  if (bytes.includes(0)) {
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
    return [`(${bytes.length} bytes, SHA-256 begins ${digest})`]
  }
  const text = bytes.toString('utf8', 0, maxBodyBytes)
  const rest = bytes.length > maxBodyBytes ? [`… ${bytes.length - maxBodyBytes} bytes more`] : []
  return [...layOut(text, type).split(/\r?\n/), ...rest]
}

/** One value or element a line, so that what differs stands alone. */
function layOut(text: string, type: string): string {
  if (/json/i.test(type) || /^\s*[[{]/.test(text)) return indentJson(text)
  return /html|xml/i.test(type) ? text.replaceAll(/>\s*</g, '>\n<') : text
}

/** Breaks JSON as it stands, without reading it: numbers keep their digits, doubled keys stay, and half a text works too. */
export function indentJson(text: string): string {
  let depth = 0
  const broken = () => `\n${'  '.repeat(Math.min(depth, 40))}`
  return text.trim().replaceAll(/"(?:[^"\\]|\\.)*"?|[[{]\s*[\]}]|[[\]{},:]|\s+/g, (part) => {
    if (part.startsWith('"')) return part
    if (part === '[' || part === '{') {
      depth += 1
      return part + broken()
    }
    if (part === ']' || part === '}') {
      depth = Math.max(0, depth - 1)
      return broken() + part
    }
    if (part === ',') return part + broken()
    if (part === ':') return ': '
    return part.replaceAll(/\s/g, '')
  })
}
