// The errors of tokens that are not taken. Their messages are for logs, and never show a token or what it says.
import { DroverError } from '../base/errors.ts'

/** TOKEN_INVALID: "Cannot accept the token: <why>". */
export function invalidToken(why: string, cause?: unknown): DroverError {
  const options = cause === undefined ? {} : { cause }
  return new DroverError('TOKEN_INVALID', `Cannot accept the token: ${why}`, options)
}

/** TOKEN_REVOKED. */
export function revokedToken(): DroverError {
  return new DroverError('TOKEN_REVOKED', 'Cannot accept the token: its family has ended')
}
