-- Writes the changed fields of a session; slides its idle deadline, never backwards and never past the absolute one.
-- KEYS    1 the session's key
-- ARGV    1 now, 2 wanted idle deadline (milliseconds), 3 how many fields are set
--         then hash field, value for each of those, then the hash fields to remove
-- returns 1 saved, 0 gone (and then nothing is written: a deleted session stays deleted)
local meta = redis.call('HGET', KEYS[1], 'm')
if not meta then
  if redis.call('EXISTS', KEYS[1]) == 1 then return redis.error_reply('ERR malformed session record') end
  return 0
end
local idleText, absolute, rest = string.match(meta, '^1 (%d+) (%d+)( %d+ [-=].*)$')
if not idleText then return redis.error_reply('ERR malformed session record') end
local idle = tonumber(idleText)
if idle <= tonumber(ARGV[1]) then return 0 end
local firstRemoved = 4 + 2 * tonumber(ARGV[3])
for at = 4, firstRemoved - 1, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
for at = firstRemoved, #ARGV do redis.call('HDEL', KEYS[1], ARGV[at]) end
local wanted = math.min(tonumber(ARGV[2]), tonumber(absolute))
if wanted > idle then
  local text = string.format('%.0f', wanted)
  redis.call('HSET', KEYS[1], 'm', '1 ' .. text .. ' ' .. absolute .. rest)
  redis.call('PEXPIREAT', KEYS[1], text)
end
return 1
