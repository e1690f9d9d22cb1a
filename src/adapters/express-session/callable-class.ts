// Lets a class be called without `new`: stores written before classes do `session.Store.call(this)` and util.inherits.

type AnyClass = abstract new (...args: never) => object

/** The same class; called as a function, it prepares the object it is called on. */
export function callableClass<Class extends AnyClass>(
  constructor: Class,
  prepare: (self: InstanceType<Class>) => void,
): Class {
  return new Proxy(constructor, {
    apply: (_constructor, self: InstanceType<Class>) => {
      prepare(self)
    },
  })
}
