// Why a request is not forwarded: what two servers could read in two ways is refused, never repaired.

/** Thrown while a request is read; the connection ends with its answer, since what follows cannot be trusted. */
export class RequestFault extends Error {
  override readonly name = 'RequestFault'
  /** The HTTP status that says it. */
  readonly status: number

  constructor(status: number, why: string) {
    super(why)
    this.status = status
  }
}
