-- Decides over a refresh token (the TokenStore port).
-- KEYS    1 the family, 2 its principal's mark, and where the feed is here: 3 its log, 4 that of long ones, 5 its head
-- ARGV    1 now, 2 generation, 3 grace, 4 idle deadline, 5 how long a replay is to be known, 6 the family's key in the port
-- returns { 'advanced', 'repeated' or 'replayed', … } (token-family.lua) or { 'gone' }
local now, generation = tonumber(ARGV[1]), tonumber(ARGV[2])
local family = findFamily(KEYS[1], KEYS[2], now)
if not family then return { 'gone' } end
if generation >= family.generation then
  family.generation, family.advanced = generation + 1, now
  family.idle = math.min(math.max(family.idle, tonumber(ARGV[4])), family.absolute)
  writeFamily(KEYS[1], family, now)
  return answer('advanced', family)
end
if generation == family.generation - 1 and now - family.advanced <= tonumber(ARGV[3]) then
  return answer('repeated', family)
end
redis.call('DEL', KEYS[1])
return answer('replayed', family, publish(feedAt(3), now, tonumber(ARGV[5]), 'family ' .. ARGV[6]))
