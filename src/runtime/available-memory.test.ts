import assert from 'node:assert/strict'
import { totalmem } from 'node:os'
import { test } from 'node:test'
import { availableMemoryBytes } from './available-memory.ts'

const reading = (files: Readonly<Record<string, string>>) => (path: string) => files[path]

const group = (folder: string, max: string, current: number, inactiveFile: number) => ({
  [`${folder}/memory.max`]: `${max}\n`,
  [`${folder}/memory.current`]: `${current}\n`,
  [`${folder}/memory.stat`]: `anon 1\ninactive_file ${inactiveFile}\nactive_file 5\n`,
})

const cases = [
  { name: 'what the machine has, without control groups', files: {}, free: 900, expected: 900 },
  { name: 'nothing known', files: {}, free: undefined, expected: undefined },
  {
    name: 'what a container leaves, with the files that it would give up',
    files: { '/proc/self/cgroup': '0::/\n', ...group('/sys/fs/cgroup', '500', 450, 100) },
    free: 900,
    expected: 150,
  },
  {
    name: 'the tightest of the groups we are in',
    files: {
      '/proc/self/cgroup': '0::/a.slice/b.service\n',
      ...group('/sys/fs/cgroup/a.slice/b.service', 'max', 450, 0),
      ...group('/sys/fs/cgroup/a.slice', '600', 500, 0),
    },
    free: 900,
    expected: 100,
  },
  {
    name: 'what the machine has where that is less than the limit leaves',
    files: { '/proc/self/cgroup': '0::/\n', ...group('/sys/fs/cgroup', '5000', 450, 0) },
    free: 900,
    expected: 900,
  },
  {
    name: 'nothing where more is used than allowed',
    files: { '/proc/self/cgroup': '0::/\n', ...group('/sys/fs/cgroup', '500', 510, 0) },
    free: 900,
    expected: 0,
  },
  {
    name: 'what the machine has where the groups are those of version 1',
    files: { '/proc/self/cgroup': '4:memory:/a\n1:cpu:/\n' },
    free: 900,
    expected: 900,
  },
]

for (const { name, files, free, expected } of cases) {
  test(`availableMemoryBytes: ${name}`, () => {
    assert.equal(
      availableMemoryBytes(reading(files), () => free),
      expected,
    )
  })
}

test('availableMemoryBytes finds what this machine has, where that is told', () => {
  const bytes = availableMemoryBytes()
  assert.ok(bytes === undefined || (bytes >= 0 && bytes <= totalmem()))
})
