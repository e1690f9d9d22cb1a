-- Deletes a session; also a record that nobody can read.
-- KEYS    1 the session; of a signed-in one also 2 its principal's mark, 3 its list
-- ARGV    1 now
-- returns 1 absent now, or { key } of the successor, which is to be deleted
local key, listKey = KEYS[1], KEYS[3]
local isReadable, found = pcall(find, key, tonumber(ARGV[1]), 0)
if isReadable and found and found.successor then return { found.successor } end
redis.call('DEL', key)
if listKey then redis.call('ZREM', listKey, memberOf(key, listKey)) end
return 1
