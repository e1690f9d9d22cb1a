-- Takes from a key's allowance (the RateCounter port), if enough of it is left.
-- KEYS    1 the counter
-- ARGV    1 now, 2 how much to take, 3 how much may be in use (microseconds)
-- returns { 1 taken or 0, how much is in use }
local now, take, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local text = redis.call('GET', KEYS[1])
local untilTime = text and (tonumber(string.match(text, '^%d+$')) or error('malformed rate counter', 0)) or 0
local from = math.max(untilTime, now)
if from + take > now + most then return { 0, from - now } end
if take > 0 then
  -- Time to live, and a minute more: Redis's clock may be ahead of the servers', and what is in use must not go early.
  local keptMs = math.ceil((from + take - now) / 1000) + 60000
  redis.call('SET', KEYS[1], string.format('%.0f', from + take), 'PX', string.format('%.0f', keptMs))
end
return { 1, from + take - now }
