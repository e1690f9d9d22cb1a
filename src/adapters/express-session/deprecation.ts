// Warns of what express-session deprecates, once for each thing.

const warned = new Set<string>()

export function deprecate(what: string): void {
  if (warned.has(what)) return
  warned.add(what)
  process.emitWarning(`drover/express-session: ${what}`, 'DeprecationWarning')
}
