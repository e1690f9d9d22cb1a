-- The live sessions of a principal, the newest first; drops the dead ones from its list.
-- KEYS    1 the principal's mark, 2 its list
-- ARGV    1 now
-- returns { hash, hash fields of the meta and of who is signed in, values absent where there is none } of each
local now, mark, listKey = tonumber(ARGV[1]), readMark(KEYS[1]), KEYS[2]
local listed = {}
for _, member in ipairs(redis.call('ZRANGE', listKey, 0, -1, 'REV')) do
  if #listed == mostListed then break end
  if findMember(listKey, member, now, mark) then
    local found = redis.call('HMGET', keyOf(member, listKey), 'm', unpack(whoMarks))
    listed[#listed + 1] = { member, found[1], table.concat({ found[2] or '', found[3] or '', found[4] or '', found[5] or '' }) }
  else
    redis.call('ZREM', listKey, member)
  end
end
return listed
