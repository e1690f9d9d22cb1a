// Every error Drover raises on purpose: one class, one closed list of codes. docs/errors.md explains each code.

/** What went wrong, as a stable word that programs may compare. Documented one by one in docs/errors.md. */
export const errorCodes = [
  'STORE_UNAVAILABLE',
  'SESSION_GONE',
  'SESSION_ID_TAKEN',
  'SESSION_VALUE_INVALID',
  'SESSION_TOO_LARGE',
  'SESSION_COOKIE_LATE',
  'SESSION_COOKIE_TOO_LARGE',
  'SESSION_MODE_UNSUPPORTED',
  'SESSION_CONFLICT',
  'SESSION_DATA_INVALID',
  'CSRF_REFUSED',
  'KEY_UNKNOWN',
  'SESSION_NOT_MOUNTED',
  'SESSION_REQUIRED',
  'RESPONSE_BUFFER_FULL',
  'IDEMPOTENCY_KEY_MISSING',
  'IDEMPOTENCY_KEY_INVALID',
  'IDEMPOTENCY_KEY_REUSED',
  'IDEMPOTENCY_KEY_RUNNING',
  'IDEMPOTENCY_KEY_TAKEN',
  'IDEMPOTENCY_RESPONSE_NOT_KEPT',
  'IDEMPOTENCY_PRINCIPAL_UNKNOWN',
  'IDEMPOTENCY_BODY_UNREAD',
  'LEASE_LOST',
  'TOKEN_MISSING',
  'TOKEN_INVALID',
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
  'TOKEN_REPLAYED',
  'TOKEN_SCOPE_MISSING',
  'TOKEN_TOO_LARGE',
  'TOKEN_CLAIMS_INVALID',
  'REVOCATIONS_UNKNOWN',
  'KEYS_UNAVAILABLE',
  'FILE_KEY_INVALID',
  'FILE_TYPE_REFUSED',
  'FILE_TOO_LARGE',
  'FILE_INCOMPLETE',
  'FILE_CHECKSUM_WRONG',
  'FILE_EXISTS',
  'FILE_ABSENT',
  'FILE_CONDITION_UNSUPPORTED',
  'FILE_RANGE_INVALID',
  'FILE_URL_INVALID',
  'UPLOAD_INVALID',
  'UPLOAD_NOT_MOUNTED',
  'OPTION_INVALID',
  'PEER_MISSING',
  'FLEET_ALREADY_RUNNING',
  'FLEET_NOT_RUNNING',
  'STATE_UNUSABLE',
  'INSTANCE_UNKNOWN',
  'INSTANCE_NOT_RUNNING',
  'DEPLOY_RUNNING',
  'DEPLOY_FAILED',
  'VERSION_UNKNOWN',
  'PORT_TAKEN',
  'CONTROL_FAILED',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** Whether a word read from elsewhere, such as a socket, is one of ours. */
export function isErrorCode(word: string): word is ErrorCode {
  const known: readonly string[] = errorCodes
  return known.includes(word)
}

/** The HTTP answer an error asks for. Frameworks that follow http-errors conventions read these fields. */
export interface ErrorResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
}

const responses: Partial<Record<ErrorCode, ErrorResponse>> = {
  STORE_UNAVAILABLE: { status: 503, headers: { 'retry-after': '1' } },
  // An instance that lacks a key, as one does while keys are being rolled out, must not look like a logout either.
  KEY_UNKNOWN: { status: 503, headers: { 'retry-after': '1' } },
  SESSION_GONE: { status: 409 },
  SESSION_CONFLICT: { status: 409 },
  CSRF_REFUSED: { status: 403 },
  SESSION_REQUIRED: { status: 401 },
  RESPONSE_BUFFER_FULL: { status: 500 },
  // draft-ietf-httpapi-idempotency-key-header-07 section 2.7
  IDEMPOTENCY_KEY_MISSING: { status: 400 },
  IDEMPOTENCY_KEY_INVALID: { status: 400 },
  IDEMPOTENCY_KEY_REUSED: { status: 422 },
  IDEMPOTENCY_KEY_RUNNING: { status: 409, headers: { 'retry-after': '1' } },
  IDEMPOTENCY_KEY_TAKEN: { status: 409, headers: { 'retry-after': '1' } },
  // Without Retry-After: the answer will not be there later either.
  IDEMPOTENCY_RESPONSE_NOT_KEPT: { status: 409 },
  IDEMPOTENCY_PRINCIPAL_UNKNOWN: { status: 401 },
  FILE_KEY_INVALID: { status: 400 },
  FILE_TYPE_REFUSED: { status: 415 },
  FILE_TOO_LARGE: { status: 413 },
  FILE_INCOMPLETE: { status: 400 },
  FILE_CHECKSUM_WRONG: { status: 422 },
  FILE_EXISTS: { status: 412 },
  FILE_ABSENT: { status: 404 },
  FILE_CONDITION_UNSUPPORTED: { status: 501 },
  FILE_RANGE_INVALID: { status: 416 },
  FILE_URL_INVALID: { status: 403 },
  UPLOAD_INVALID: { status: 400 },
  // RFC 6750 section 3: what a client lacks is told in WWW-Authenticate; whoever sent no token is told no error.
  TOKEN_MISSING: { status: 401, headers: { 'www-authenticate': 'Bearer' } },
  TOKEN_INVALID: { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
  TOKEN_EXPIRED: { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
  TOKEN_REVOKED: { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
  TOKEN_REPLAYED: { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
  TOKEN_SCOPE_MISSING: { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } },
  REVOCATIONS_UNKNOWN: { status: 503, headers: { 'retry-after': '1' } },
  KEYS_UNAVAILABLE: { status: 503, headers: { 'retry-after': '1' } },
}

/**
 * An error with a stable `code`. `status` and `headers` say how an HTTP response should carry it
 * (RFC 9110 section 15; 503 always comes with Retry-After), so that a framework's own error handler answers rightly.
 */
export class DroverError extends Error {
  override readonly name = 'DroverError'
  readonly code: ErrorCode
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Whether `message` may be shown to a client: not those of 5xx, which may name files and hosts (http-errors convention). */
  readonly expose: boolean

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.code = code
    this.status = responses[code]?.status ?? 500
    this.headers = options.headers ?? responses[code]?.headers ?? {}
    this.expose = this.status < 500
  }
}

/** OPTION_INVALID: "Cannot use <name> <value>: wanted <wanted>". */
export function invalidOption(name: string, value: unknown, wanted: string): DroverError {
  return new DroverError('OPTION_INVALID', `Cannot use ${name} ${JSON.stringify(value)}: wanted ${wanted}`)
}

/** Whether `error` is a DroverError, of the given code where one is named. */
export function isDroverError(error: unknown, code?: ErrorCode): error is DroverError {
  return error instanceof DroverError && (code === undefined || error.code === code)
}
