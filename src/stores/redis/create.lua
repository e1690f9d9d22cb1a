-- Stores a new session.
-- KEYS    1 the session; of a signed-in one also 2 its principal's mark, 3 its list
-- ARGV    1 now, 2 created, 3 idle deadline, 4 absolute deadline, 5 who is signed in (empty: nobody), then name, text of each field
-- returns 1 stored, -1 the key exists (and is left as it was)
local key, markKey, listKey = KEYS[1], KEYS[2], KEYS[3]
local now, mark = tonumber(ARGV[1]), readMark(markKey)
if find(key, now, mark) then return -1 end

local flat = {}
putWho(flat, ARGV[5])
for at = 6, #ARGV, 2 do put(flat, fieldMarks, ARGV[at], ARGV[at + 1]) end
local session = { created = tonumber(ARGV[2]), absolute = tonumber(ARGV[4]), generation = mark }
session.idle = math.min(tonumber(ARGV[3]), session.absolute)

redis.call('DEL', key)
inBatches('HSET', key, flat)
writeMeta(key, session)
if listKey then enlist(listKey, key, session, now, mark) end
return 1
