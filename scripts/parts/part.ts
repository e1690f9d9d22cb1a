// A real part: a program from outside npm that the tests or the benchmarks run for real.

export interface Part {
  /** What people call it. */
  readonly name: string
  /** The program, as looked up on PATH; undefined for what other programs load, which is found at its places only. */
  readonly program?: string
  /** Where it may live when PATH does not show it; `*` stands for any one folder name, the highest version first. */
  readonly places: readonly string[]
  /** Debian packages that bring it. */
  readonly apt: readonly string[]
  /** What `brew install` takes on macOS. */
  readonly brew: readonly string[]
}
