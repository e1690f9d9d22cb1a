-- Reads a key ring.
-- KEYS    1 the ring
-- returns { version, text } or {}
local version, text = unpack(redis.call('HMGET', KEYS[1], 'v', 't'))
if version and text then return { version, text } end
if redis.call('EXISTS', KEYS[1]) == 1 then error('malformed key ring', 0) end
return {}
