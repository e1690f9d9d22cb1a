-- Renews a lease, if this holder has it: from now on, never less than before.
-- KEYS    1 the lease (lease-acquire.lua)
-- ARGV    1 now, 2 holder, 3 ttl (ms)
-- returns 1, or 0 when it does not
local key, wanted = KEYS[1], tonumber(ARGV[1]) + tonumber(ARGV[3])
local holder, untilTime = unpack(redis.call('HMGET', key, 'h', 'u'))
if holder ~= ARGV[2] then return 0 end
if wanted > tonumber(untilTime) then redis.call('HSET', key, 'u', string.format('%.0f', wanted)) end
return 1
