// Writes files, in the app's folder too, and removes them before it answers.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import Fastify from 'fastify'

const app = Fastify()

app.post<{ Body: { text: string } }>('/compress', async ({ body }) => {
  const folder = await mkdtemp(join(tmpdir(), 'compress-'))
  try {
    const path = join(folder, 'text.gz')
    await writeFile(path, gzipSync(body.text))
    const packed = await readFile(path)
    return { bytes: packed.length, same: gunzipSync(packed).toString() === body.text }
  } finally {
    await rm(folder, { recursive: true })
  }
})

app.post<{ Body: { rows: string[][] } }>('/export', async ({ body }, reply) => {
  await mkdir('scratch', { recursive: true })
  const path = `scratch/${Date.now()}-${Math.random()}.csv`
  await writeFile(path, body.rows.map((row) => row.join(',')).join('\n'))
  const csv = await readFile(path, 'utf8')
  await rm(path)
  return reply.type('text/csv').send(csv)
})

await app.listen({ port: Number(process.env['PORT']) })
