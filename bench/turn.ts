// Contenders take turns, and each round begins with another one: a busy minute of the machine hits all alike.

/** All of them, beginning with another one for each `round`. */
export function inTurn<Item>(items: readonly Item[], round: number): Item[] {
  const start = round % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
