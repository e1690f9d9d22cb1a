// A site: one place in the app's source where the rewritten code reports to the tracker. Sites travel inside the rewritten source itself,
// so that it does not matter which thread rewrote it. Their places are numbers, of the module's table of places.

/** Short names, as they stand in the app's source many times. */
export interface Site {
  /**
   * What is reported. `w`: a variable is assigned. `p`: a property of an object is written. `c`: a method that changes its object is called.
   * `b`: an object is born and gets a name. `f`: a class field is born. `e`: a function is entered.
   */
  readonly t: 'w' | 'p' | 'c' | 'b' | 'f' | 'e'
  /** Place. */
  readonly l: number
  /** Name of the variable, field or object, as written: `carts`, `Store.#count`. */
  readonly n: string
  /** Place of its declaration, where that is known from this file alone. */
  readonly d?: number
  /** The property that is written, or the method that is called. */
  readonly p?: string
  /** The written property is one of `this` in a constructor: the object is being made right then. */
  readonly i?: true
  /** npm package or built-in module that the born object is from, or that the written object is. */
  readonly k?: string
  /** Place where what was made of a package is first used. */
  readonly u?: number
  /** What the entered function reads of what outlives it. */
  readonly r?: readonly Read[]
}

/** A variable, and the first property that is read of it. */
export interface Read {
  readonly n: string
  /** Place of its declaration; undefined: it is of another module, and only its value tells. */
  readonly d?: number
  readonly p?: string
  /** Place of the reading. */
  readonly l?: number
}

/** The one global name that rewritten code uses. */
export const globalName = '__drover$'
