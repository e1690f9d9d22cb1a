-- Stores a new session.
-- KEYS    1 the session's key
-- ARGV    1 now, 2 idle deadline, 3 absolute deadline (milliseconds), 4 rest of the meta text: absolute, created, principal
--         then hash field, value, …
-- returns 1 stored, -1 the key exists (and is left as it was)
local old = redis.call('HGET', KEYS[1], 'm')
if old then
  local oldIdle = tonumber(string.match(old, '^1 (%d+) %d+ %d+ [-=]'))
  if not oldIdle then return redis.error_reply('ERR malformed session record') end
  if oldIdle > tonumber(ARGV[1]) then return -1 end
  redis.call('DEL', KEYS[1])
elseif redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.error_reply('ERR malformed session record')
end
local idle = string.format('%.0f', math.min(tonumber(ARGV[2]), tonumber(ARGV[3])))
redis.call('HSET', KEYS[1], 'm', '1 ' .. idle .. ' ' .. ARGV[4])
for at = 5, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call('PEXPIREAT', KEYS[1], idle)
return 1
