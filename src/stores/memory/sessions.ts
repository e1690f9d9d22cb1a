// What the memory store keeps: records, where renewed ids lead, and counts. Every handle on it stands for a server of its own.
import { tell } from '../../session/events.ts'
import type { Forwarding, SessionRecord } from '../../session/store.ts'
import { isOver } from '../deadlines.ts'

/** What stands under a renewed key. */
export interface Mark extends Forwarding {
  readonly successor: string
}

/** Entries looked at for each one stored. Several, so that more is swept than comes to be: nothing piles up. */
const sweptPerStored = 4

export class MemorySessions {
  readonly records: Map<string, SessionRecord> = new Map()
  readonly marks: Map<string, Mark> = new Map()
  /** Until when, in microseconds, what was taken of each key's allowance lasts. */
  readonly counts: Map<string, number> = new Map()
  /** How many sessions were deleted, revoked or renewed: what watchers look at. */
  departures = 0
  #nextRecords = this.records.entries()
  #nextMarks = this.marks.entries()
  #nextCounts = this.counts.entries()

  /** The record under this very key, unless it is over. */
  live(key: string, nowMs: number): SessionRecord | undefined {
    const record = this.records.get(key)
    return record === undefined || isOver(record.idleDeadlineMs, nowMs) ? undefined : record
  }

  mark(key: string, nowMs: number): Mark | undefined {
    const mark = this.marks.get(key)
    return mark === undefined || isOver(mark.untilMs, nowMs) ? undefined : mark
  }

  /**
   * The key under which the session of `key` is alive, through however many renewals. It ends: a mark leads to a key that
   * had none when the mark was made, and gets one only when its session moves on to yet another.
   */
  resolve(key: string, nowMs: number): string | undefined {
    for (let at: string | undefined = key; at !== undefined; at = this.mark(at, nowMs)?.successor) {
      if (this.live(at, nowMs) !== undefined) return at
    }
    return undefined
  }

  /** Stores under a key that is absent. Sweeps a little, so that what expired never outweighs what lives. */
  store(key: string, record: SessionRecord, nowMs: number): void {
    this.marks.delete(key)
    this.records.set(key, record)
    for (let looked = 0; looked < sweptPerStored; looked += 1) this.#sweepOne(nowMs)
  }

  count(key: string, untilUs: number, nowUs: number): void {
    this.counts.set(key, untilUs)
    for (let looked = 0; looked < sweptPerStored; looked += 1) {
      const count = this.#nextCounts.next()
      if (count.done === true) this.#nextCounts = this.counts.entries()
      else if (count.value[1] <= nowUs) this.counts.delete(count.value[0])
    }
  }

  remove(key: string): void {
    if (this.records.delete(key)) this.departures += 1
  }

  #sweepOne(nowMs: number): void {
    const record = this.#nextRecords.next()
    if (record.done === true) this.#nextRecords = this.records.entries()
    else if (isOver(record.value[1].idleDeadlineMs, nowMs)) {
      this.records.delete(record.value[0])
      tell('expired', record.value[0], record.value[1].principal)
    }
    const mark = this.#nextMarks.next()
    if (mark.done === true) this.#nextMarks = this.marks.entries()
    else if (isOver(mark.value[1].untilMs, nowMs)) this.marks.delete(mark.value[0])
  }
}
