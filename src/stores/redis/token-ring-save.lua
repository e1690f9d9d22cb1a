-- Replaces a key ring, if it has not changed since it was read. A ring is a hash that stays for good: v version, t text.
-- KEYS    1 the ring
-- ARGV    1 the version that was read (0: none), 2 text
-- returns 1, or 0 when it has changed
local version = tonumber(redis.call('HGET', KEYS[1], 'v') or 0)
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'v', string.format('%.0f', version + 1), 't', ARGV[2])
return 1
