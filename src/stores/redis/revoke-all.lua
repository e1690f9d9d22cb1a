-- Makes all sessions of a principal absent, but for one: whatever has an older generation than the mark is revoked, listed or
-- not. Those listed are deleted too, to have their memory back.
-- KEYS    1 the principal's mark, 2 its list, 3 the session that stays (optional)
-- ARGV    1 now, 2 how long the mark is kept, 3 the principal's tag and a dot, 4 how many forwardings are followed
-- returns 1
local markKey, listKey, keptKey = KEYS[1], KEYS[2], KEYS[3]
local now = tonumber(ARGV[1])
local oldMark = readMark(markKey)
local kept = keptKey and find(keptKey, now, oldMark)
for _ = 1, tonumber(ARGV[4]) do
  if not (kept and kept.successor) then break end
  local tag, hash = string.sub(kept.successor, 1, #ARGV[3]), string.sub(kept.successor, #ARGV[3] + 1)
  -- Signed out of this principal, it is not among the sessions to revoke.
  keptKey = tag == ARGV[3] and keyOf(hash, listKey) or nil
  kept = keptKey and find(keptKey, now, oldMark)
end

-- At least the server's time: a mark that was lost with a failover, or has expired, is never given out again.
local time = redis.call('TIME')
local mark = math.max(oldMark + 1, time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('SET', markKey, whole(mark), 'PX', ARGV[2])
local keptMember
if kept and not kept.successor then
  kept.generation = mark
  writeMeta(keptKey, kept)
  keptMember = memberOf(keptKey, listKey)
end
for _, member in ipairs(redis.call('ZRANGE', listKey, 0, mostListed + slack)) do
  if member ~= keptMember then
    redis.call('UNLINK', keyOf(member, listKey))
    redis.call('ZREM', listKey, member)
  end
end
return 1
