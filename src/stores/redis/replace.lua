-- Moves a session to a new key under a new identity, with a change applied.
-- Fields are copied as they are now, so what another server saved meanwhile survives. No RENAME: some services forbid it.
-- KEYS    1 the old session, 2 the new one; then mark and list of the old one's principal, and of the new one's
-- ARGV    1 now, 2 wanted idle deadline, 3 created, 4 absolute deadline, 5 who is signed in (empty: nobody)
--         6 and 7: 1 when the old, the new one has a principal; 8 end of the forwarding, 9 where it leads (empty: nowhere)
--         then the change (change.lua)
-- returns 1 saved, 0 gone, -1 the new key exists, -2 conflict, -3 no sum (nothing is written),
--         or { key } of the old session's successor
local oldKey, newKey = KEYS[1], KEYS[2]
local oldMarkKey, oldListKey, newMarkKey, newListKey
local nextKey = 3
if ARGV[6] == '1' then
  oldMarkKey, oldListKey = KEYS[3], KEYS[4]
  nextKey = 5
end
if ARGV[7] == '1' then newMarkKey, newListKey = KEYS[nextKey], KEYS[nextKey + 1] end

local now = tonumber(ARGV[1])
local newMark = readMark(newMarkKey)
local old = find(oldKey, now, readMark(oldMarkKey))
local isTaken = find(newKey, now, newMark)
if not old then return 0 end
if old.successor then return { old.successor } end
if isTaken then return -1 end
local change = readChange(10)
local refusal = refuse(oldKey, change)
if refusal then return refusal end

local flat = {}
putWho(flat, ARGV[5])
local fields = redis.call('HGETALL', oldKey)
for at = 1, #fields, 2 do
  if string.find(fields[at], '^[.123]') then
    flat[#flat + 1] = fields[at]
    flat[#flat + 1] = fields[at + 1]
  end
end
local session = { created = tonumber(ARGV[3]), absolute = tonumber(ARGV[4]), generation = newMark }
session.idle = math.min(math.max(old.idle, tonumber(ARGV[2])), session.absolute)

redis.call('DEL', newKey)
inBatches('HSET', newKey, flat)
apply(newKey, change)
writeMeta(newKey, session)
redis.call('DEL', oldKey)
if oldListKey then redis.call('ZREM', oldListKey, memberOf(oldKey, oldListKey)) end
if ARGV[9] ~= '' then forward(oldKey, ARGV[8], ARGV[9]) end
if newListKey then enlist(newListKey, newKey, session, now, newMark) end
return 1
