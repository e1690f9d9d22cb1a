// The contract of drover/files on OpenStack Swift, or on MinIO where there is none.
import { startS3 } from '../support/s3-server.ts'
import { testBucket } from './bucket-contract.ts'

await testBucket(startS3)
