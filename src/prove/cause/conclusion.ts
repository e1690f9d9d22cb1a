// What a rule of the classification concludes.
import type { Kind } from '../finding.ts'
import type { AppEvent, Place } from '../instrument/event.ts'
import type { Clues } from './clues.ts'

/** What a rule found; places as the events have them. */
export interface Conclusion {
  readonly kind: Kind
  readonly holder?: string | undefined
  readonly declaredAt?: Place | undefined
  readonly writtenAt?: Place | undefined
  readonly files?: readonly string[]
  readonly package?: string | undefined
  /** Something that was seen supports it. */
  readonly isObserved: boolean
}

export type Rule = (clues: Clues) => Conclusion | undefined

/** What an event says of holder, places and package. */
export function seenIn(event: AppEvent | undefined): Omit<Conclusion, 'kind'> {
  return {
    holder: event?.holder,
    declaredAt: event?.declaredAt,
    writtenAt: event?.writtenAt,
    package: event?.package,
    isObserved: event !== undefined,
  }
}
