// A flow: what visitors do to the app, step by step. Whoever reads one (a file, a recording, a description, a crawl) ends with this.

export interface Flow {
  /** In the order in which they first act; each has its own cookies. At least one. */
  readonly clients: readonly string[]
  /** Loops are unrolled. */
  readonly steps: readonly Step[]
}

export type Step = HttpStep | WebSocketStep | WaitStep

interface Acting {
  readonly client: string
  /** Where the flow has it from, as a person finds it again: 'step 4', 'checkout.yaml:12', 'GET /cart in recorded.har'. */
  readonly origin: string
}

export interface HttpStep extends Acting {
  readonly kind: 'http'
  readonly method: string
  /** Path and query; `${name}` stands for what an earlier step captured. So in headers and bodies. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: StepBody | undefined
  /** What later steps need of the answer, by name. */
  readonly capture: Readonly<Record<string, Capture>>
  /** What a single instance must answer; else the flow cannot judge anything. */
  readonly expect: Expectation
}

export type StepBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly fields: Readonly<Record<string, string>> }
  | { readonly kind: 'multipart'; readonly parts: readonly Part[] }
  /** `type`: its content type. */
  | { readonly kind: 'text'; readonly text: string; readonly type: string }

export interface Part {
  readonly name: string
  readonly value: string
  /** `value` is base64 of what is sent, and has no variables. Left out: it is the text itself. */
  readonly encoding?: 'base64'
  /** Undefined: a field and no file. */
  readonly filename: string | undefined
  readonly type: string | undefined
}

/** `json`: a path such as `items.0.id`; `regex`: its first group, or all of it, in the body; `header`: that field's first value. */
export type Capture =
  | { readonly from: 'json'; readonly path: string }
  | { readonly from: 'regex'; readonly pattern: string }
  | { readonly from: 'header'; readonly name: string }

export interface Expectation {
  /** Undefined: any below 500. */
  readonly status: number | undefined
  readonly includes: string | undefined
}

/**
 * One WebSocket of a client, by `socket`: a message that is expected may come after others. Where none was opened under that name, a stream of
 * events that a GET of the client opened: the one of that path, else the latest.
 */
export interface WebSocketStep extends Acting {
  readonly kind: 'websocket'
  readonly socket: string
  /** The step that opened it, of a stream of events; known once the flow was driven. */
  readonly stream?: number
  readonly action:
    | { readonly do: 'connect'; readonly path: string; readonly headers: Readonly<Record<string, string>> }
    | { readonly do: 'send'; readonly text: string }
    | { readonly do: 'expect'; readonly includes: string; readonly withinMs: number }
    | { readonly do: 'close' }
    /** Waits for what one instance alone gave out on a stream, at the end of the flow. */
    | { readonly do: 'listen'; readonly heard: readonly Heard[] }
}

/** An event of a stream, and the step after which it came. */
export interface Heard {
  readonly after: number
  readonly text: string
}

export interface WaitStep {
  readonly kind: 'wait'
  readonly waitMs: number
  readonly origin: string
}
