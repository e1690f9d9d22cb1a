-- Ends all token families of a principal, but for one that is alive.
-- KEYS    1 the principal's mark, 2 the family that is spared (or the mark again), and where the feed is here: 3 its log, 4 that of long ones, 5 its head
-- ARGV    1 now, 2 how long that is to be known, 3 the principal's tag, 4 the spared family's key in the port, or ''
-- returns the revocation, and what is still to be published, or ''
local now = tonumber(ARGV[1])
local spared = ARGV[4] ~= '' and findFamily(KEYS[2], KEYS[1], now)
-- At least the server's time: a mark that was lost with a failover, or has expired, is never given out again.
local time = redis.call('TIME')
local mark = math.max(readMark(KEYS[1]) + 1, time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('SET', KEYS[1], whole(mark), 'KEEPTTL')
keepFor(KEYS[1], tonumber(ARGV[2]) - now)
local revocation = 'principal ' .. ARGV[3] .. ' ' .. whole(mark)
if spared then
  spared.mark = mark
  writeFamily(KEYS[2], spared, now)
  revocation = revocation .. ' ' .. ARGV[4]
end
return { revocation, publish(feedAt(3), now, tonumber(ARGV[2]), revocation) }
