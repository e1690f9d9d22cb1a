// What the tracker saw, one line of JSON each: read again by src/prove/cause/.

export interface Place {
  /** While the app runs, absolute; in the file of events, relative to the app's folder where it is in it. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1; only where one line holds so much that it tells little, as in minified programs. */
  readonly column?: number
}

/** What a function reads that outlives it. */
export interface ReadHolder {
  readonly holder: string
  readonly declaredAt: Place
  /** Where the function reads it. */
  readonly readAt?: Place
}

export const eventNames = [
  'request',
  'write',
  'read',
  'file-write',
  'file-read',
  'database',
  'sql',
  'session',
  'random',
  'identity',
  'schedule',
  'outside',
  'socket',
  'broadcast',
  'package',
  'routes',
] as const

export interface AppEvent {
  /**
   * `write`, `read`: of the app's memory. `database`: opened. `sql`: a statement that changes rows. `session`: a store in memory was used.
   * `random`: drawn. `identity`: hostname, pid and the like were asked. `schedule`: a timer was set. `outside`: something outside the process was told to change. `socket`: a WebSocket was taken. `broadcast`: a message went to others than who made the app send it.
   * `package`: the app made something of a package. `routes`: the route table.
   */
  readonly event: (typeof eventNames)[number]
  readonly pid: number
  /** Number that the driver gave the request; 0: before the first; −1: a request without one; below: in a timer of its own. */
  readonly request: number
  readonly holder?: string
  readonly declaredAt?: Place
  readonly writtenAt?: Place
  readonly package?: string
  /** Of a file or database. */
  readonly path?: string
  /** What was asked, called or executed. */
  readonly detail?: string
  /** What was read; of what was made at boot, the variables that were made of it. */
  readonly reads?: readonly ReadHolder[]
  readonly routes?: readonly string[]
}

/** The driver numbers its requests from 1 with this header. The app never sees it. */
export const requestHeader = 'x-drover-proof-request'
