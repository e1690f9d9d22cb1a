// What an instance runs.

export interface Version {
  /** 1 for what a run of `drover up` began with, then one more for each deploy: two versions may bear one label. */
  readonly number: number
  /** What people call it, such as a commit. */
  readonly label: string
  /** The program and its arguments, run without a shell. */
  readonly command: readonly string[]
  readonly cwd: string
  /** The environment of its instances; each gets PORT and what tells it from the others besides. */
  readonly env: Readonly<Record<string, string | undefined>>
}
