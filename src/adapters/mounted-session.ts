// What every adapter does with the session of a request: refuses a forged one, and finds it again for the app.
import { DroverError } from '../base/errors.ts'
import type { OpenSession, Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { errorAnswer } from './error-answer.ts'
import type { ErrorAnswer } from './error-answer.ts'

/**
 * The answer to a request that the app must not see, or undefined. At once, but where the session has to be read first.
 * Never rejects: a read that fails is an answer too.
 */
export function refusalAnswer<Data extends object>(
  session: OpenSession<Data>,
  shop: Sessions<Data>,
): ErrorAnswer | undefined | Promise<ErrorAnswer | undefined> {
  const answer = (refusal: unknown): ErrorAnswer | undefined => {
    if (refusal === undefined) return undefined
    shop.report(refusal)
    return errorAnswer(refusal)
  }
  const refusal = session.refusal()
  return refusal instanceof Promise ? refusal.then(answer, answer) : answer(refusal)
}

/** The session that `shop` has opened for a request; `wanted` says in the error what was to be mounted, and where. */
export function mountedSession<Data extends object>(
  session: OpenSession<Data> | undefined,
  method: string | undefined,
  wanted: string,
): Session<Data> {
  if (session !== undefined) return session
  throw new DroverError(
    'SESSION_NOT_MOUNTED',
    `Cannot find session of ${method ?? 'the'} request: wanted ${wanted}`,
  )
}
