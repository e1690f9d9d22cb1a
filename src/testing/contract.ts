// What a contract suite is: named cases that any test runner can run.

/** One promise of a port. `run` rejects, with an AssertionError where a value was wrong, when it is not kept. */
export interface ContractCase {
  readonly name: string
  readonly run: () => Promise<void>
}
