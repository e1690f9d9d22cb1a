-- Reserves an idempotency key (the IdempotencyStore port), unless somebody has it or has used it.
-- An entry is a hash: f fingerprint, o owner, t token, u lease until, e remembered until, and once it is done r response.
-- KEYS    1 the entry
-- ARGV    1 now, 2 fingerprint, 3 owner, 4 token, 5 lease (ms), 6 retention (ms), 7 an owner that is dead, or ''
-- returns { 'reserved' }, { 'running', how long still }, { 'done', response } or { 'mismatch' }
local key, now, lease, retention = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[5]), tonumber(ARGV[6])
local fingerprint, owner, leaseUntil, remembered, response =
  unpack(redis.call('HMGET', key, 'f', 'o', 'u', 'e', 'r'))
if fingerprint then
  leaseUntil, remembered = tonumber(leaseUntil), tonumber(remembered)
  if not (owner and leaseUntil and remembered) then error('malformed idempotency entry', 0) end
  if remembered > now then
    if fingerprint ~= ARGV[2] then return { 'mismatch' } end
    if response then return { 'done', response } end
    local isDead = ARGV[7] ~= '' and owner == ARGV[7]
    if leaseUntil > now and not isDead then
      return { 'running', string.format('%.0f', leaseUntil - now) }
    end
  end
elseif redis.call('EXISTS', key) == 1 then
  error('malformed idempotency entry', 0)
end
local untilTime = string.format('%.0f', now + lease)
local endTime = string.format('%.0f', now + lease + retention)
redis.call('DEL', key)
redis.call('HSET', key, 'f', ARGV[2], 'o', ARGV[3], 't', ARGV[4], 'u', untilTime, 'e', endTime)
-- A minute more: Redis's clock may be ahead of the servers', and no entry must go early.
redis.call('PEXPIRE', key, string.format('%.0f', lease + retention + 60000))
return { 'reserved' }
