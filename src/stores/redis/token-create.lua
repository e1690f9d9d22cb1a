-- Begins a token family.
-- KEYS    1 the family, 2 its principal's mark
-- ARGV    1 now, 2 text, 3 idle deadline, 4 absolute deadline
-- returns the principal's mark
local now, absolute = tonumber(ARGV[1]), tonumber(ARGV[4])
local mark = readMark(KEYS[2])
-- It is kept as long as any family that it may end.
redis.call('SET', KEYS[2], whole(mark), 'KEEPTTL')
keepFor(KEYS[2], absolute - now)
redis.call('DEL', KEYS[1])
writeFamily(KEYS[1], {
  text = ARGV[2],
  generation = 1,
  mark = mark,
  advanced = now,
  idle = math.min(tonumber(ARGV[3]), absolute),
  absolute = absolute,
}, now)
return whole(mark)
