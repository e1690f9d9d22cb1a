// Which parts of a bundle are of packages, by the comments that esbuild and its like write before each file they have taken in.
import { packageIn } from './frames.ts'

const headline = /^[\t ]*\/\/ ([^\n*?"<>|]+\.(?:[cm]?[jt]sx?|json))$/gm

/** The package at an offset; undefined: the app's own code, as is everything in a source that no bundler has written. */
export function packagesIn(source: string): (offset: number) => string | undefined {
  const starts = [...source.matchAll(headline)].map(({ index, 1: file = '' }) => ({
    at: index,
    name: packageIn(`/${file}`),
  }))
  if (!starts.some(({ name }) => name !== undefined)) return () => undefined
  return (offset) => {
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if ((starts[middle]?.at ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    return starts[low - 1]?.name
  }
}
