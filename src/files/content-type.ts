// Content types: declared by who sends, never guessed from the content.
import { DroverError, invalidOption } from '../base/errors.ts'

const token = "[A-Za-z0-9!#$%&'*+.^_`|~-]+"
/** RFC 9110 section 8.3.1, with the parameters that matter for files; a quoted one has no escapes. */
const syntax = new RegExp(
  `^(${token})/(${token})((?:[ \\t]*;[ \\t]*${token}=(?:${token}|"[^"\\\\\\p{C}]*"))*)$`,
  'u',
)
const mostLength = 255

/**
 * The content type in small letters, with its parameters. Throws FILE_TYPE_REFUSED when there is none, or one that is not
 * well-formed or that none of `accept` allows: `image/png`, `image/*`, or anything.
 */
export function readContentType(type: unknown, accept: readonly string[]): string {
  const [, major = '', minor = '', rest = ''] =
    typeof type === 'string' && type.length <= mostLength
      ? (syntax.exec(type.replaceAll(/^[ \t]+|[ \t]+$/g, '')) ?? [])
      : []
  const essence = `${major}/${minor}`.toLowerCase()
  if (major === '' || essence.includes('*'))
    throw refused(`wanted a content type, got ${JSON.stringify(type)}`)
  if (!accept.some((one) => matches(essence, one)))
    throw refused(`${essence} is none of ${accept.join(', ')}`)
  return essence + rest.trimEnd()
}

function matches(essence: string, pattern: string): boolean {
  if (pattern === '*/*') return true
  return pattern.endsWith('/*') ? essence.startsWith(pattern.slice(0, -1)) : essence === pattern
}

function refused(why: string): DroverError {
  return new DroverError('FILE_TYPE_REFUSED', `Cannot take the file: ${why}`)
}

/** Shown by a browser these run no script, whatever they hold, as long as it does not guess another type. */
const shownSafely = /^(?:image\/(?!svg)|audio\/|video\/|text\/plain(?:;|$))/

/** Whether a browser may show it in place. SVG, HTML, XML and PDF may run scripts, or what they hold is a page. */
export function isShownSafely(contentType: string): boolean {
  return shownSafely.test(contentType)
}

/** One of the two and no other spelling: browsers take `INLINE` for `inline`, which is not given to every type. */
export function readDisposition(disposition: unknown): 'attachment' | 'inline' {
  if (disposition === 'attachment' || disposition === 'inline') return disposition
  throw invalidOption('disposition', disposition, '"attachment" or "inline"')
}

/** How the browser is to take a download (RFC 6266; RFC 8187 for a name beyond ASCII). */
export function contentDisposition(kind: 'attachment' | 'inline', filename: string): string {
  const plain = filename.replaceAll(/[^\x20-\x7e]|["\\%]/gu, '_')
  const exact = encodeURIComponent(filename.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return plain === filename
    ? `${kind}; filename="${plain}"`
    : `${kind}; filename="${plain}"; filename*=UTF-8''${exact}`
}
