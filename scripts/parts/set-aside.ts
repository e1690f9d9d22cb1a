// Replaces a file for a moment and puts the original back exactly: it is renamed, so bytes, mode, owner and times stay.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

const suffix = '.before-drover'

/** Undoes what a run that was killed in the middle left behind. */
function recover(path: string, content: string): void {
  if (existsSync(path + suffix)) renameSync(path + suffix, path)
  else if (existsSync(path) && readFileSync(path, 'utf8') === content) rmSync(path)
}

/** Runs `work` while `path` holds `content`; afterwards the file is what it was before, or absent again. */
export function withFileReplaced(path: string, content: string, mode: number, work: () => void): void {
  recover(path, content)
  const hadOriginal = existsSync(path)
  if (hadOriginal) renameSync(path, path + suffix)
  try {
    writeFileSync(path, content, { mode })
    work()
  } finally {
    if (hadOriginal) renameSync(path + suffix, path)
    else rmSync(path, { force: true })
  }
}
