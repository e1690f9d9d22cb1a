// Causes on the instance's disk: they differ with private disks, and not with a shared one.
import type { AppEvent } from '../../instrument/event.ts'
import type { Clues } from '../clues.ts'
import { seenIn } from '../conclusion.ts'
import type { Conclusion } from '../conclusion.ts'
import { memorySuspects } from '../holders.ts'
import { databases, fileStores, isAmong, packageAmong, uploads } from '../packages.ts'

const database = /\.(?:db|db3|sqlite|sqlite3|s3db)(?:-wal|-shm|-journal)?$/i
const uploadFolder = /(?:^|\/)(?:uploads?|attachments?|media|avatars?|images?)(?:\/|$)/i
/** What runtimes and tools write on their own. */
const noise = /(?:^|\/)(?:node_modules|\.cache|\.git|\.npm|__pycache__|logs?)\/|\.(?:log|pid|pyc|lock)$/i

export function diskRule(clues: Clues): Conclusion | undefined {
  const { modes } = clues
  if (modes['private-disk'] !== true || modes['shared-disk'] !== false) return undefined
  return onDisk(clues)
}

/** What the files say, when they are what it is about. */
export function onDisk(clues: Clues): Conclusion | undefined {
  const files = writtenFiles(clues)
  const events = clues.writers.flatMap((side) => side.events)
  const opened = openedDatabase(clues)
  const isUpload =
    isOfFiles(clues) ||
    isAmong(events.find(isFileWrite), uploads) ||
    files.some((file) => uploadFolder.test(file))
  if (isUpload && (files.length === 0 || files.some((file) => !database.test(file))))
    return upload(clues, files, events)
  if (opened !== undefined || files.some((file) => database.test(file)))
    return sqlite(clues, files, events, opened)
  return localFile(clues, files, events)
}

function isFileWrite({ event }: AppEvent): boolean {
  return event === 'file-write'
}

/** What it sends is a file. */
function isOfFiles({ writers }: Clues): boolean {
  return writers.some(({ type }) =>
    /^(?:multipart\/form-data|application\/(?:offset\+)?octet-stream|(?:image|video|audio)\/.*)$/.test(type),
  )
}

export function writtenFiles({ files, writers }: Clues): readonly string[] {
  const seen = writers.flatMap(({ events }) =>
    events.flatMap(({ event, path }) => (event === 'file-write' && path !== undefined ? [path] : [])),
  )
  const all = [...new Set([...seen, ...files])].filter((file) => !noise.test(file))
  return withoutDrafts(all)
}

function withoutDrafts(files: readonly string[]): readonly string[] {
  return files.filter((file) => !files.some((other) => isDraftOf(file, other)))
}

/** Written first, and moved to its name then: `sessions/a.json.2015517629` of `sessions/a.json`. */
function isDraftOf(file: string, other: string): boolean {
  return (
    file.startsWith(other) && /^[.~_-](?:\d{3,}|te?mp[\w-]*|[\da-f]{8,})$/i.test(file.slice(other.length))
  )
}

function openedDatabase({ boot, writers, reader }: Clues): AppEvent | undefined {
  const all = [...boot, ...writers.flatMap(({ events }) => events), ...reader.events]
  return all.find(({ event }) => event === 'database')
}

function upload(clues: Clues, files: readonly string[], events: readonly AppEvent[]): Conclusion {
  const maker = packageAmong(clues.boot, uploads) ?? packageAmong(events, uploads)
  const write = writeOf(files, events)
  const seen = write?.detail !== 'mkdir' && files.includes(write?.path ?? '') ? write : undefined
  // Of a package that only took the form apart nothing is kept.
  const own = seen?.package === undefined ? seen : undefined
  return {
    kind: 'upload-directory',
    holder: folderOf(files.find((file) => uploadFolder.test(file)) ?? files[0]) ?? maker?.holder,
    declaredAt: own?.declaredAt ?? own?.writtenAt ?? maker?.declaredAt ?? write?.writtenAt,
    writtenAt: seen?.writtenAt ?? maker?.writtenAt ?? write?.writtenAt,
    files: files.filter((file) => !database.test(file)),
    package: own === undefined ? (maker?.package ?? write?.package) : undefined,
    isObserved: write !== undefined || maker !== undefined || files.length > 0,
  }
}

/** What the app made of the package that wrote: where it can be named when the write itself came of nobody's line. */
function makerOf({ boot }: Clues, events: readonly AppEvent[]): AppEvent | undefined {
  const from = events.find((event) => isFileWrite(event) && event.package !== undefined)?.package
  return from === undefined ? undefined : packageAmong(boot, new Set([from]))
}

function folderOf(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  const end = file.lastIndexOf('/')
  return end <= 0 ? file : file.slice(0, end)
}

function sqlite(
  clues: Clues,
  files: readonly string[],
  events: readonly AppEvent[],
  opened: AppEvent | undefined,
): Conclusion {
  const made = packageAmong(clues.boot, databases)
  const statement = events.find(({ event }) => event === 'sql')
  return {
    kind: 'local-sqlite',
    holder: opened?.path ?? files.find((file) => database.test(file)) ?? made?.holder,
    declaredAt: opened?.declaredAt ?? made?.declaredAt,
    writtenAt: statement?.writtenAt ?? opened?.declaredAt ?? made?.writtenAt,
    files: files.filter((file) => database.test(file)),
    package: opened?.package ?? statement?.package ?? made?.package,
    isObserved: opened !== undefined || files.length > 0,
  }
}

function localFile(clues: Clues, files: readonly string[], events: readonly AppEvent[]): Conclusion {
  const write = writeOf(files, events)
  const store =
    packageAmong(clues.boot, fileStores) ??
    (isAmong(write, fileStores) ? write : undefined) ??
    makerOf(clues, events)
  const read = [...clues.boot, ...clues.reader.events].find(
    ({ event, path }) => event === 'file-read' && path === write?.path,
  )
  return {
    kind: 'local-file',
    holder: heldIn(write, withoutDrafts(clues.files)) ?? files[0] ?? store?.holder,
    declaredAt: store?.declaredAt ?? write?.declaredAt ?? read?.declaredAt ?? write?.writtenAt,
    writtenAt: write?.writtenAt ?? store?.writtenAt,
    files,
    package: store?.package ?? write?.package,
    isObserved: write !== undefined || files.length > 0,
  }
}

/** What was written under another name first, and then moved, is told by the name that it has now. */
function heldIn(write: AppEvent | undefined, files: readonly string[]): string | undefined {
  const path = write?.path
  if (path === undefined || files.includes(path)) return path
  const now = files.find((file) => path.includes(baseOf(file)))
  return now ?? path
}

function baseOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1)
}

/** The write of the file that is still there; else the last. */
function writeOf(files: readonly string[], events: readonly AppEvent[]): AppEvent | undefined {
  const writes = events.filter(({ event, writtenAt }) => event === 'file-write' && writtenAt !== undefined)
  return (
    writes.find(({ path, detail }) => path !== undefined && files.includes(path) && detail !== 'mkdir') ??
    writes.at(-1)
  )
}

/** Only a kill loses it: what was answered had not reached the disk, or the next start wiped it. */
export function lostRule(clues: Clues): Conclusion | undefined {
  const { modes } = clues
  if (modes.restart !== true || modes['private-disk'] === true || modes['shared-disk'] === true)
    return undefined
  const files = writtenFiles(clues)
  const held = memorySuspects(clues)[0]?.event
  const wiped = bootEffect(clues)
  if (wiped !== undefined && held === undefined) {
    return {
      kind: 'boot-side-effect',
      ...seenIn(wiped),
      holder: wiped.holder ?? wiped.path ?? wiped.detail,
      files,
    }
  }
  const events = clues.writers.flatMap((side) => side.events)
  const later = events.find(({ event }) => event === 'schedule')
  const event = held ?? later ?? writeOf(files, events) ?? events.find((each) => each.event === 'outside')
  const declaredAt = event?.declaredAt ?? event?.writtenAt
  return {
    kind: 'acknowledged-before-written',
    ...seenIn(event),
    declaredAt,
    holder: event?.holder ?? event?.path ?? files[0],
    files,
  }
}

/** What each start does to what outlives it. Folders and files that are only made where there are none are no effect. */
export function bootEffect({ boot, timers }: Clues): AppEvent | undefined {
  // A start may wait for a timer, as for a database to be there.
  return [...boot, ...timers].find(
    ({ event, detail, path }) =>
      event === 'outside' ||
      event === 'sql' ||
      (event === 'file-write' && detail !== 'mkdir' && detail !== 'open' && !noise.test(path ?? '')),
  )
}
