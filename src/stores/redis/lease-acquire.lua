-- Acquires a lease (the LeaseStore port), unless somebody has it.
-- A lease is a hash that stays for good, since its fence must not go back: n fence, u until, and while it is held h holder.
-- KEYS    1 the lease
-- ARGV    1 now, 2 holder, 3 ttl (ms)
-- returns { 'acquired', fence } or { 'held', how long still }
local key, now = KEYS[1], tonumber(ARGV[1])
local holder, untilTime = unpack(redis.call('HMGET', key, 'h', 'u'))
if holder and tonumber(untilTime) > now then
  return { 'held', string.format('%.0f', untilTime - now) }
end
local fence = redis.call('HINCRBY', key, 'n', 1)
redis.call('HSET', key, 'h', ARGV[2], 'u', string.format('%.0f', now + tonumber(ARGV[3])))
return { 'acquired', string.format('%.0f', fence) }
