-- Records the response of an idempotency key, if this token holds it.
-- KEYS    1 the entry (idempotency-reserve.lua)
-- ARGV    1 now, 2 token, 3 response, 4 retention (ms)
-- returns 1, or 0 when it does not
local key, retention = KEYS[1], tonumber(ARGV[4])
local held = redis.call('HMGET', key, 't', 'r')
if held[1] ~= ARGV[2] or held[2] then return 0 end
redis.call('HSET', key, 'r', ARGV[3], 'e', string.format('%.0f', tonumber(ARGV[1]) + retention))
redis.call('PEXPIRE', key, string.format('%.0f', retention + 60000))
return 1
