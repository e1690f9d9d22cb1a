-- Writes the changed fields of a session; slides its idle deadline, never backwards and never past the absolute one.
-- Most saves want no slide, and then the meta text stays as it is: a script's time is the whole server's.
-- KEYS    1 the session's key
-- ARGV    1 now, 2 wanted idle deadline (milliseconds), 3 how many fields are set
--         then hash field, value for each of those, then the hash fields to remove
-- returns 1 saved, 0 gone (and then nothing is written: a deleted session stays deleted)
local key = KEYS[1]
local meta = redis.call('HGET', key, 'm')
local idle = meta and tonumber(string.match(meta, '^1 (%d+) %d+ %d+ [-=]'))
if not idle then
  if not meta and redis.call('EXISTS', key) == 0 then return 0 end
  return redis.error_reply('ERR malformed session record')
end
if idle <= tonumber(ARGV[1]) then return 0 end

local firstRemoved = 4 + 2 * tonumber(ARGV[3])
for at = 4, firstRemoved - 1, 2 do redis.call('HSET', key, ARGV[at], ARGV[at + 1]) end
for at = firstRemoved, #ARGV do redis.call('HDEL', key, ARGV[at]) end

local wanted = tonumber(ARGV[2])
if wanted > idle then
  local absolute, rest = string.match(meta, '^1 %d+ (%d+)( .*)$')
  wanted = math.min(wanted, tonumber(absolute))
  if wanted > idle then
    local text = string.format('%.0f', wanted)
    redis.call('HSET', key, 'm', '1 ' .. text .. ' ' .. absolute .. rest)
    redis.call('PEXPIREAT', key, text)
  end
end
return 1
