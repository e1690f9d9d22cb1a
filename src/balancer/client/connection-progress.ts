// When a connection last moved, as a sweep each second sees it: no clock is asked for each request.
import type { Socket } from 'node:net'

export class ConnectionProgress {
  #phase = -1
  #bytesRead = 0
  #bytesTaken = 0
  /** Monotonic milliseconds: since when it is in its phase, last said something, last took something or owed nothing. */
  phaseSinceMs = 0
  readAtMs = 0
  takenAtMs = 0

  /** `phase`: any number that changes when the connection goes on to something else. */
  look(socket: Socket, phase: number, nowMs: number): void {
    const { bytesRead, writableLength } = socket
    const bytesTaken = socket.bytesWritten - writableLength
    if (phase !== this.#phase) {
      this.#phase = phase
      this.phaseSinceMs = nowMs
      this.readAtMs = nowMs
    }
    // While we do not read, silence is ours.
    if (bytesRead !== this.#bytesRead || socket.isPaused()) this.readAtMs = nowMs
    if (bytesTaken !== this.#bytesTaken || writableLength === 0) this.takenAtMs = nowMs
    this.#bytesRead = bytesRead
    this.#bytesTaken = bytesTaken
  }
}
