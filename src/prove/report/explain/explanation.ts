// What there is to know about a kind of state: for reports, and for `drover prove --explain`.

export interface Explanation {
  /** As it stands in a heading: 'Session in memory'. */
  readonly title: string
  /** What it is. */
  readonly what: string
  /** How users notice. */
  readonly shows: string
  /** What Drover has for it; undefined: nothing. */
  readonly drover: string | undefined
  /** What is done about it anywhere. */
  readonly standard: string
  readonly before: string
  readonly after: string
}
