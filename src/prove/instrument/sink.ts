// Where events go: a file, written at once, so that a SIGKILL loses nothing that came before it.
import { mkdirSync, openSync, writeSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import type { AppEvent, Place, ReadHolder } from './event.ts'

export const eventsFile = 'drover-events.jsonl'

// Kept from before fs is watched.
const open = openSync
const makeFolder = mkdirSync
const write = writeSync
const { pid } = process
/** Enough for hours of driving; an app that loops must not fill the disk. */
const maxEvents = 200_000

export class Sink {
  readonly #folder: string
  readonly #root: string
  #file: number | undefined
  #count = 0

  /** `root`: the app's folder; paths in it are told relative to it. */
  constructor(folder: string, root: string) {
    this.#folder = folder
    this.#root = root
  }

  emit(event: Omit<AppEvent, 'pid'>): void {
    if (this.#count++ >= maxEvents) return
    try {
      if (this.#file === undefined) {
        makeFolder(this.#folder, { recursive: true })
        this.#file = open(join(this.#folder, eventsFile), 'a')
      }
      write(this.#file, `${JSON.stringify(this.#relative(event))}\n`)
    } catch {
      // Without evidence the app runs on as it would without us.
      this.#count = maxEvents
    }
  }

  #relative(event: Omit<AppEvent, 'pid'>): AppEvent {
    const { declaredAt, writtenAt, path, reads } = event
    return {
      ...event,
      pid,
      ...(declaredAt === undefined ? {} : { declaredAt: this.#place(declaredAt) }),
      ...(writtenAt === undefined ? {} : { writtenAt: this.#place(writtenAt) }),
      ...(path === undefined ? {} : { path: this.#path(path) }),
      ...(reads === undefined ? {} : { reads: reads.map((read) => this.#read(read)) }),
    }
  }

  #read({ holder, declaredAt, readAt }: ReadHolder): ReadHolder {
    const at = readAt === undefined ? {} : { readAt: this.#place(readAt) }
    return { holder, declaredAt: this.#place(declaredAt), ...at }
  }

  #place(place: Place): Place {
    return { ...place, file: this.#path(place.file) }
  }

  #path(path: string): string {
    const inner = relative(this.#root, path)
    if (!isAbsolute(path) || inner.startsWith('..') || isAbsolute(inner)) return path
    return inner === '' ? '.' : inner
  }
}
