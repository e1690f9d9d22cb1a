-- Lets go of a lease, if this holder has it; its fence stays.
-- KEYS    1 the lease (lease-acquire.lua)
-- ARGV    1 holder
-- returns 1, or 0 when it does not
if redis.call('HGET', KEYS[1], 'h') ~= ARGV[1] then return 0 end
return redis.call('HDEL', KEYS[1], 'h')
