// State on the disk of one machine.
import type { Explanation } from './explanation.ts'

export const localFile: Explanation = {
  title: 'File on the local disk',
  what: 'Requests write a file, and later requests read it back.',
  shows:
    'Instances on other machines, or in other containers, do not have it; a new container starts without it.',
  drover: undefined,
  standard: 'Keep the data in a database, and whole files in object storage (S3 and the like).',
  before: `app.post('/notes', async (req, res) => {
  await writeFile('data/notes.json', JSON.stringify(req.body))
  res.sendStatus(204)
})`,
  after: `app.post('/notes', async (req, res) => {
  await database.query('insert into notes (body) values ($1)', [req.body])
  res.sendStatus(204)
})`,
}

export const localSqlite: Explanation = {
  title: 'SQLite database on the local disk',
  what: 'The database is a file beside the app, and each machine has its own.',
  shows: 'Records that were just saved are missing on the next request; ids are given twice.',
  drover: undefined,
  standard:
    'Move to a database that is a server, such as PostgreSQL. All instances on one machine and one disk is the other way: then this finding does not count.',
  before: `import { DatabaseSync } from 'node:sqlite'
const database = new DatabaseSync('app.db')`,
  after: `import { Pool } from 'pg'
const database = new Pool({ connectionString: process.env.DATABASE_URL })`,
}

export const uploadDirectory: Explanation = {
  title: 'Uploads in a local folder',
  what: 'Uploaded files are kept in a folder of the instance that received them.',
  shows: 'Pictures appear and vanish from one reload to the next, and are gone after a deploy.',
  drover: undefined,
  standard:
    'Store uploads in object storage (S3 and the like), and serve them from there; a network folder that all instances mount works too.',
  before: `const upload = multer({ dest: 'uploads/' })
app.post('/avatar', upload.single('avatar'), saveAvatar)`,
  after: `const upload = multer({ storage: multerS3({ s3, bucket: process.env.BUCKET }) })
app.post('/avatar', upload.single('avatar'), saveAvatar)`,
}
