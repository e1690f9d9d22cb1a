// Loads over time, by seed: requests in service at once, if every request were served at once.

/** Requests in service at a moment, in seconds. */
export type Load = (second: number) => number

type Random = () => number

export const shapes = ['steady', 'step', 'ramp', 'spikes', 'sawtooth', 'crashes'] as const
export type Shape = (typeof shapes)[number]

const between = (random: Random, least: number, most: number): number => least + random() * (most - least)

/** A load of this shape within [4, 90]; the crashes are the simulation's, the load under them is a step. */
export function loadOf(shape: Shape, random: Random): Load {
  const low = between(random, 4, 20)
  const high = between(random, 50, 90)
  const period = between(random, 60, 400)
  switch (shape) {
    case 'steady':
      return steady(between(random, 4, 90))
    case 'step':
    case 'crashes':
      return step(low, high)
    case 'ramp':
      return ramp(low, high, between(random, 60, 400))
    case 'spikes':
      return spikes(low, high, period, between(random, 5, 30))
    case 'sawtooth':
      return (second) => low + (high - low) * ((second % period) / period)
  }
}

const steady =
  (level: number): Load =>
  () =>
    level

/** When a step goes up and down again, and a ramp begins. */
export const stepUpS = 400
export const stepDownS = 1_000

const step =
  (low: number, high: number): Load =>
  (second) =>
    second >= stepUpS && second < stepDownS ? high : low

/** Up, as long on top, and down. */
const ramp =
  (low: number, high: number, lengthS: number): Load =>
  (second) => {
    const position = Math.max(0, second - stepUpS) / lengthS
    const share = Math.max(0, Math.min(1, position, 3 - position))
    return low + (high - low) * share
  }

const spikes =
  (low: number, high: number, period: number, lengthS: number): Load =>
  (second) =>
    second > period && second % period < lengthS ? high : low
