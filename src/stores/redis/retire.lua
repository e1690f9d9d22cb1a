-- Ends a session that was copied to a server of its own (replace across the slots of a Cluster), if it still is what was
-- copied. Its deadline may have moved meanwhile: that changes nothing the copy has.
-- KEYS    1 the session; of a signed-in one also 2 its principal's mark, 3 its list
-- ARGV    1 now, 2 end of the forwarding, 3 where it leads (empty: nowhere), then hash field, value as they were read
-- returns 1 ended, 0 gone, -2 it has changed (nothing is written), or { key } of its successor
local key, markKey, listKey = KEYS[1], KEYS[2], KEYS[3]
local session = find(key, tonumber(ARGV[1]), readMark(markKey))
if not session then return 0 end
if session.successor then return { session.successor } end

if redis.call('HLEN', key) ~= (#ARGV - 3) / 2 then return -2 end
for at = 4, #ARGV, 2 do
  local value = redis.call('HGET', key, ARGV[at])
  if not value or (ARGV[at] ~= 'm' and value ~= ARGV[at + 1]) then return -2 end
end
redis.call('DEL', key)
if listKey then redis.call('ZREM', listKey, memberOf(key, listKey)) end
if ARGV[3] ~= '' then forward(key, ARGV[2], ARGV[3]) end
return 1
