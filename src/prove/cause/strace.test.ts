import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseTrace, writtenSince } from './strace.ts'

const log = `1700000000.100000 openat(AT_FDCWD</app>, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3</etc/passwd>
1700000000.200000 openat(AT_FDCWD</app>, "data.db", O_RDWR|O_CREAT|O_CLOEXEC, 0644) = 4</app/data.db>
1700000001.000000 openat(AT_FDCWD</app>, "gone/x", O_WRONLY|O_CREAT, 0666) = -1 ENOENT (No such file or directory)
1700000002.000000 openat(AT_FDCWD</app>, "/dev/null", O_WRONLY) = 5</dev/null>
1700000003.000000 renameat2(AT_FDCWD</app>, "a.tmp", AT_FDCWD</app>, "a.json", RENAME_NOREPLACE) = 0
1700000004.000000 rename("/tmp/b.tmp", "/tmp/b.json") = 0
1700000005.000000 openat(AT_FDCWD</app>, "half`

it('what was opened to write and what was renamed to is told, where the call succeeded', () => {
  assert.deepEqual(
    parseTrace(log).map(({ path }) => path),
    ['/app/data.db', 'a.json', '/tmp/b.json'],
  )
})

it('paths since a moment are relative to the app where they are in it', () => {
  assert.deepEqual(writtenSince(parseTrace(log), 0, '/app'), ['data.db', 'a.json', '/tmp/b.json'])
  assert.deepEqual(writtenSince(parseTrace(log), 1_700_000_003_500, '/app'), ['/tmp/b.json'])
})
