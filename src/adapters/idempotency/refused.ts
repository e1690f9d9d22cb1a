// What is answered in the app's place, whatever the framework: a refusal, or the mark of an answer that is given again.
import { isDroverError } from '../../base/errors.ts'
import type { Idempotency, KeyedRequest, Verdict } from '../../idempotency/idempotency.ts'
import { errorAnswer } from '../error-answer.ts'
import type { ErrorAnswer } from '../error-answer.ts'

/** Response header of an answer that is given again. */
export const replayedHeader = 'idempotency-replayed'

/** As `Idempotency.begin`, but never rejects. What is a fault of the server's is reported. */
export async function beginOrRefuse(
  policy: Idempotency,
  request: KeyedRequest,
): Promise<Verdict | { readonly kind: 'refused'; readonly answer: ErrorAnswer }> {
  try {
    return await policy.begin(request)
  } catch (error) {
    if (!isDroverError(error) || error.status >= 500) policy.report(error)
    return { kind: 'refused', answer: errorAnswer(error) }
  }
}
