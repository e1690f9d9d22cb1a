// The contract of drover/files on Ceph, which keeps `If-None-Match` for files of one part. There is none for macOS.
import { ceph, s3Servers } from '../../scripts/parts/catalog.ts'
import { startCeph } from '../support/ceph-server.ts'
import { testBucket } from './bucket-contract.ts'

if (s3Servers.includes(ceph)) await testBucket(startCeph)
