// Reads Prometheus' text format 0.0.4 strictly, as promtool would check it: every sample under the HELP and TYPE of its
// family, no family or series twice, histograms cumulative and complete.
import assert from 'node:assert/strict'

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: readonly Sample[]
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const labelPair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/

export function parseExposition(text: string): ReadonlyMap<string, Family> {
  assert.ok(text.endsWith('\n'), 'the last line ends')
  const families = new Map<string, Family & { readonly samples: Sample[] }>()
  let family: (Family & { readonly samples: Sample[] }) | undefined
  let help: RegExpExecArray | undefined
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line)
    if (line.startsWith('# HELP ')) help = /^# HELP (\S+) (.+)$/.exec(line) ?? undefined
    else if (type === null) readSample(line, family)
    else {
      const [, name = '', kind = ''] = type
      assert.equal(help?.[1], name, `HELP before ${line}`)
      assert.ok(!families.has(name), `${name} comes once`)
      family = { name, help: help[2] ?? '', type: kind, samples: [] }
      families.set(name, family)
    }
  }
  for (const each of families.values()) checkFamily(each)
  return families
}

function readSample(line: string, family: (Family & { readonly samples: Sample[] }) | undefined): void {
  const [, name = '', labels = '', number = ''] = sampleLine.exec(line) ?? []
  assert.ok(family !== undefined && name !== '', `a sample: ${line}`)
  const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
  assert.ok(
    suffixes.map((suffix) => family.name + suffix).includes(name),
    `${name} belongs to ${family.name}`,
  )
  family.samples.push({ name, labels: parseLabels(labels), value: parseNumber(number) })
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let rest = text
  while (rest !== '') {
    const [whole, name = '', value = ''] = labelPair.exec(rest) ?? []
    assert.ok(whole !== undefined && labels[name] === undefined, `labels: ${text}`)
    labels[name] = value.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
    rest = rest.slice(whole.length)
  }
  return labels
}

function parseNumber(text: string): number {
  const value = text === '+Inf' ? Infinity : Number(text)
  assert.ok(!Number.isNaN(value), `a number: ${text}`)
  return value
}

function checkFamily({ name, type, samples }: Family): void {
  const keys = samples.map((sample) => `${sample.name}${keyOf(sample.labels)}`)
  assert.equal(new Set(keys).size, keys.length, `no series of ${name} comes twice`)
  if (type === 'counter') assert.ok(name.endsWith('_total'), name)
  if (type !== 'gauge')
    assert.ok(
      samples.every(({ value }) => value >= 0),
      name,
    )
  if (type === 'histogram') checkHistogram(name, samples)
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = Map.groupBy(samples, (sample) => keyOf(sample.labels, 'le'))
  for (const [labels, members] of series) {
    const buckets = members.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map((bucket) => parseNumber(bucket.labels.le ?? ''))
    const counts = buckets.map(({ value }) => value)
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
      `${name}${labels} in order`,
    )
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
      `${name}${labels} is cumulative`,
    )
    assert.equal(bounds.at(-1), Infinity)
    assert.equal(members.find((sample) => sample.name === `${name}_count`)?.value, counts.at(-1))
    assert.equal(members.filter((sample) => sample.name === `${name}_sum`).length, 1)
  }
}

function keyOf(labels: Readonly<Record<string, string>>, except?: string): string {
  const pairs = Object.entries(labels).filter(([name]) => name !== except)
  return JSON.stringify(pairs.map((pair) => pair.join('=')).toSorted((a, b) => (a < b ? -1 : 1)))
}
