import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseListeningSockets, parseMountInfo, planMounts, planMountsInParts } from './mount-plan.ts'

const text = `22 27 0:21 / /proc rw,relatime - proc proc rw
24 27 0:6 / /dev rw - devtmpfs devtmpfs rw
25 24 0:23 / /dev/shm rw - tmpfs tmpfs rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
28 27 0:25 / /mnt/tools ro,nosuid - tmpfs none ro
29 27 254:1 / /srv/my\\040disk rw shared:5 - xfs /dev/vdb rw
`
const mounts = parseMountInfo(text)

describe('parseListeningSockets', () => {
  it('names sockets that somebody listens on, but those in folders that are common anyway', () => {
    const table = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 17 /tmp/.s.PGSQL.5432
0000000000000000: 00000003 00000000 00000000 0001 03 18 /tmp/.s.PGSQL.5432
0000000000000000: 00000002 00000000 00010000 0001 01 19 /run/docker.sock
0000000000000000: 00000002 00000000 00010000 0001 01 20 @abstract
0000000000000000: 00000003 00000000 00000000 0001 03 21
`
    assert.deepEqual(parseListeningSockets(table), ['/tmp/.s.PGSQL.5432'])
  })
})

describe('planMounts', () => {
  it('overlays disks, keeps devices, what is read-only and what is shared', () => {
    const planned = planMounts(mounts, ['/tmp/shared'])
    const paths = (how: string) => planned.filter((mount) => mount.how === how).map(({ path }) => path)
    assert.deepEqual(paths('overlay'), ['/', '/srv/my disk'])
    assert.deepEqual(paths('bind'), ['/proc', '/sys', '/dev', '/run', '/mnt/tools', '/tmp/shared'])
  })
})

describe('planMountsInParts', () => {
  it('overlays the folders of / that hold no mounts, and the app by itself', () => {
    const planned = planMountsInParts(mounts, ['/dev', '/srv', '/mnt', '/tmp'], '/srv/app', ['/tmp/shared'])
    assert.deepEqual(
      planned.map(({ path, how }) => `${how} ${path}`),
      [
        'empty /',
        'bind /dev',
        'bind /srv',
        'overlay /srv/app',
        'bind /mnt',
        'overlay /tmp',
        'bind /tmp/shared',
      ],
    )
  })

  it('has no plan for an app that holds mounts', () => {
    assert.deepEqual(planMountsInParts(mounts, ['/srv'], '/srv', []), [])
  })
})
