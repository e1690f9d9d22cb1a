// When a connection last moved, as a sweep each second sees it: no clock is asked for each request.
import type { Socket } from 'node:net'

export interface ConnectionMoment {
  /** It changes when the connection goes on to something else. */
  readonly phase: string
  /** Number of the request it is at. */
  readonly request: number
  /** While the client waits for us, its silence does not count. */
  readonly waitsForUs: boolean
  readonly nowMs: number
}

export class ConnectionProgress {
  #phase = ''
  #request = -1
  #bytesRead = 0
  #bytesTaken = -1
  #lookedAtMs = 0
  /** Monotonic milliseconds: since when it is in its phase, last said something, last took something or was owed nothing. */
  phaseSinceMs = 0
  readAtMs = 0
  takenAtMs = 0

  look(socket: Socket, { phase, request, waitsForUs, nowMs }: ConnectionMoment): void {
    const { bytesRead, writableLength } = socket
    // Counted write by write: a large one moves it only when all of it was taken.
    const bytesTaken = socket.bytesWritten - writableLength
    if (phase !== this.#phase || request !== this.#request) {
      this.phaseSinceMs = nowMs
      this.readAtMs = nowMs
    } else if (waitsForUs) this.phaseSinceMs += nowMs - this.#lookedAtMs
    if (bytesRead !== this.#bytesRead || waitsForUs) this.readAtMs = nowMs
    if (bytesTaken !== this.#bytesTaken || writableLength === 0) this.takenAtMs = nowMs
    this.#phase = phase
    this.#request = request
    this.#bytesRead = bytesRead
    this.#bytesTaken = bytesTaken
    this.#lookedAtMs = nowMs
  }
}
