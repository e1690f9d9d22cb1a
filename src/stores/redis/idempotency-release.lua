-- Forgets an idempotency key that this token holds and has not completed.
-- KEYS    1 the entry (idempotency-reserve.lua)
-- ARGV    1 token
-- returns 1, or 0 when there is none
local held = redis.call('HMGET', KEYS[1], 't', 'r')
if held[1] ~= ARGV[1] or held[2] then return 0 end
return redis.call('DEL', KEYS[1])
