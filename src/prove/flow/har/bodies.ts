// What a recorded request sent, as the body of a step.
import type { Part, StepBody } from '../flow.ts'
import { bodyText, type PostData } from './entries.ts'

export function recordedBody(
  postData: PostData | undefined,
  contentType: string | undefined,
): StepBody | undefined {
  if (postData === undefined) return undefined
  const type = contentType ?? postData.mimeType
  const text = bodyText(postData)
  if (/^multipart\/form-data/i.test(type)) return multipart(postData, text, type)
  if (/^application\/x-www-form-urlencoded/i.test(type)) return form(postData, text, type)
  if (text === '') return undefined
  if (/^application\/(?:[\w.-]+\+)?json/i.test(type)) return json(text, type)
  return { kind: 'text', text, type }
}

function json(text: string, type: string): StepBody {
  try {
    // Only plain JSON is sent back as such: a type of its own, such as application/vnd.api+json, must stay.
    if (/^application\/json/i.test(type)) return { kind: 'json', value: JSON.parse(text) }
  } catch {
    // Sent as it was recorded.
  }
  return { kind: 'text', text, type }
}

/** A repeated name cannot be said as fields, so such a form is sent as its text. */
function form({ params }: PostData, text: string, type: string): StepBody {
  const pairs =
    text === ''
      ? params.map(({ name, value = '' }): [string, string] => [decode(name), decode(value)])
      : [...new URLSearchParams(text)]
  const fields = Object.fromEntries(pairs)
  if (Object.keys(fields).length === pairs.length) return { kind: 'form', fields }
  return { kind: 'text', text: new URLSearchParams(pairs).toString(), type }
}

/** Chrome writes params as they went over the wire. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

function multipart({ params }: PostData, text: string, type: string): StepBody {
  if (params.length > 0) {
    const parts = params.map(({ name, value = '', fileName, contentType }): Part => ({
      name,
      value,
      filename: fileName,
      type: contentType,
    }))
    return { kind: 'multipart', parts }
  }
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1]
  return boundary === undefined
    ? { kind: 'text', text, type }
    : { kind: 'multipart', parts: split(text, boundary) }
}

/** RFC 7578: parts between the boundary's lines, each with its own head. */
function split(text: string, boundary: string): readonly Part[] {
  const pieces = text.split(`--${boundary}`).slice(1, -1)
  return pieces.flatMap((piece) => {
    const [head = '', ...rest] = piece.replace(/^\r?\n/, '').split(/\r?\n\r?\n/)
    const name = /\bname="([^"]*)"/i.exec(head)?.[1]
    if (name === undefined) return []
    const value = rest.join('\r\n\r\n').replace(/\r?\n$/, '')
    const filename = /\bfilename="([^"]*)"/i.exec(head)?.[1]
    return [{ name, value, filename, type: /^content-type:\s*(.+)$/im.exec(head)?.[1]?.trim() }]
  })
}
