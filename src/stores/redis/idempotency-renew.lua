-- Renews the lease of an idempotency key, if this token holds it: from now on, never less than before.
-- KEYS    1 the entry (idempotency-reserve.lua)
-- ARGV    1 now, 2 token, 3 lease (ms)
-- returns 1, or 0 when it does not
local key, now = KEYS[1], tonumber(ARGV[1])
local token, response, leaseUntil, remembered = unpack(redis.call('HMGET', key, 't', 'r', 'u', 'e'))
if token ~= ARGV[2] or response then return 0 end
local later = now + tonumber(ARGV[3]) - tonumber(leaseUntil)
if later > 0 then
  local endTime = remembered + later
  redis.call('HSET', key, 'u', string.format('%.0f', leaseUntil + later), 'e', string.format('%.0f', endTime))
  redis.call('PEXPIRE', key, string.format('%.0f', endTime - now + 60000))
end
return 1
