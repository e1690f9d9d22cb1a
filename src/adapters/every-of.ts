// Types of `req.session` from several entries of Drover in one program.

/** Everything at once that stands in a registry which entries add to; with one entry, just what that says. */
export type EveryOf<Registry> = (
  Registry[keyof Registry] extends infer One ? (One extends unknown ? (one: One) => void : never) : never
) extends (all: infer All) => void
  ? All
  : never
