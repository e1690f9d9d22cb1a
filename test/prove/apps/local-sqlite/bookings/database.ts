import { mkdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

export function openDatabase(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true })
  const database = new DatabaseSync(`${folder}/app.sqlite`) // state:declared
  database.exec('pragma journal_mode = wal')
  database.exec('create table if not exists bookings (seat text primary key, guest text not null)')
  return database
}
