// The bytes of a step's body and their content type.
import type { Part, StepBody } from '../flow/flow.ts'
import { substitute, substituteDeep } from '../flow/variables.ts'

export interface EncodedBody {
  readonly type: string
  readonly bytes: Buffer
}

/** The same for the same values, the boundary of multipart included, so that two runs send the same bytes. */
export function encodeBody(body: StepBody, values: Readonly<Record<string, string>>): EncodedBody {
  if (body.kind === 'json')
    return {
      type: 'application/json',
      bytes: Buffer.from(JSON.stringify(substituteDeep(body.value, values)) ?? ''),
    }
  if (body.kind === 'text') return { type: body.type, bytes: Buffer.from(substitute(body.text, values)) }
  if (body.kind === 'multipart') return encodeMultipart(body.parts, values)
  const fields = Object.entries(body.fields).map(([name, value]): [string, string] => [
    name,
    substitute(value, values),
  ])
  return {
    type: 'application/x-www-form-urlencoded',
    bytes: Buffer.from(new URLSearchParams(fields).toString()),
  }
}

const boundary = '----drover-prove-7d1c0f5b2a9e4863'

function encodeMultipart(parts: readonly Part[], values: Readonly<Record<string, string>>): EncodedBody {
  const pieces = parts.flatMap(({ name, value, encoding, filename, type }) => {
    const file = filename === undefined ? '' : `; filename="${quoted(filename)}"`
    const contentType = type ?? (filename === undefined ? undefined : 'application/octet-stream')
    const typeLine = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"${file}\r\n${typeLine}\r\n`
    const bytes =
      encoding === undefined ? Buffer.from(substitute(value, values)) : Buffer.from(value, encoding)
    return [Buffer.from(head), bytes, Buffer.from('\r\n')]
  })
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
  }
}

/** As browsers do (HTML standard, multipart/form-data encoding). */
function quoted(text: string): string {
  return text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
