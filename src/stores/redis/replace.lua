-- Moves a session to a new key under a new identity, with a change applied, and deletes the old key.
-- Fields are copied as they are now, so what another server saved meanwhile survives. No RENAME: some services forbid it.
-- Two keys in one script: in a Cluster they must share a slot, which is for the Cluster store to arrange.
-- KEYS    1 the old key, 2 the new key
-- ARGV    1 now, 2 wanted idle deadline, 3 absolute deadline (milliseconds), 4 rest of the meta text, 5 how many fields are set
--         then hash field, value for each of those, then the hash fields to remove
-- returns 1 saved, 0 the old session is gone, -1 the new key exists (in both cases nothing is written)
local now = tonumber(ARGV[1])
local function idleOf(key)
  local meta = redis.call('HGET', key, 'm')
  if meta then
    return tonumber(string.match(meta, '^1 (%d+) %d+ %d+ [-=]')), true
  end
  return nil, redis.call('EXISTS', key) == 1
end

local oldIdle, oldExists = idleOf(KEYS[1])
local newIdle, newExists = idleOf(KEYS[2])
if (oldExists and not oldIdle) or (newExists and not newIdle) then
  return redis.error_reply('ERR malformed session record')
end
if not oldIdle or oldIdle <= now then return 0 end
if newIdle and newIdle > now then return -1 end
redis.call('DEL', KEYS[2])

local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do redis.call('HSET', KEYS[2], fields[at], fields[at + 1]) end
redis.call('DEL', KEYS[1])

local firstRemoved = 6 + 2 * tonumber(ARGV[5])
for at = 6, firstRemoved - 1, 2 do redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1]) end
for at = firstRemoved, #ARGV do redis.call('HDEL', KEYS[2], ARGV[at]) end
local idle = string.format('%.0f', math.min(math.max(oldIdle, tonumber(ARGV[2])), tonumber(ARGV[3])))
redis.call('HSET', KEYS[2], 'm', '1 ' .. idle .. ' ' .. ARGV[4])
redis.call('PEXPIREAT', KEYS[2], idle)
return 1
