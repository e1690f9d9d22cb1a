// Whether the sources mention that somebody may ask too often. Only a hint: it says whether it is worth asking often.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { limiters } from '../cause/packages.ts'
import { scanLimits, sourcesIn } from './sources.ts'

const mention = /\b429\b|too[ _-]?many|rate[ _-]?limit|throttl|max_?(?:attempts|failures|tries|requests)/i

/** Never rejects: what cannot be read mentions nothing. */
export async function mentionsLimits(
  folder: string,
  now: () => number = () => performance.now(),
): Promise<boolean> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '')
  if ([...limiters].some((name) => manifest.includes(`"${name}"`))) return true
  for await (const { text } of sourcesIn(folder, scanLimits, now)) if (mention.test(text)) return true
  return false
}
