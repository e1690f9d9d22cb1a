// The one command that repeats a proof.

export interface Again {
  /** Program, command and flags: `npx drover prove --seed 7`. */
  readonly words: string
  /** The app's own command, with the `--` before it; empty for servers that run elsewhere. */
  readonly command: string
}

/** `extra`: further flags, such as ` --html report.html`. */
export function againText({ words, command }: Again, extra = ''): string {
  return `${words}${extra}${command}`
}
