// The app's route table, as its framework told it.
import type { AppEvent } from '../instrument/event.ts'

/** `GET /cart/:id`, each once; undefined: no framework was found that tells. The last table is the fullest. */
export function routesIn(events: readonly AppEvent[]): readonly string[] | undefined {
  return events.findLast(({ event }) => event === 'routes')?.routes
}
