// The answer to a request that the exchange gives up.
import { retryAfterS } from '../choosing/parking.ts'
import { errorAnswer } from '../client/error-response.ts'

/** 503 says when to come again, by chance, so that those refused together do not return together. `random` answers within [0, 1). */
export function refusal(status: number, why: string, random: () => number): ReturnType<typeof errorAnswer> {
  return errorAnswer(status, why, status === 503 ? retryAfterS(random) : undefined)
}
