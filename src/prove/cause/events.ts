// Reads what an instance's tracker has left.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventNames } from '../instrument/event.ts'
import type { AppEvent } from '../instrument/event.ts'
import { eventsFile } from '../instrument/sink.ts'

/** `folder`: the instance's evidence folder. Empty when nothing was seen, as with an app that is not of Node. */
export async function readEvents(folder: string): Promise<readonly AppEvent[]> {
  let text: string
  try {
    text = await readFile(join(folder, eventsFile), 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap(parseEvent)
}

/** The last line may be half written, as the process was killed. */
function parseEvent(line: string): readonly AppEvent[] {
  try {
    const event: unknown = JSON.parse(line)
    return isEvent(event) ? [event] : []
  } catch {
    return []
  }
}

function isEvent(value: unknown): value is AppEvent {
  if (typeof value !== 'object' || value === null || !('event' in value) || !('request' in value))
    return false
  return eventNames.some((name) => name === value.event) && typeof value.request === 'number'
}
