-- Reads the feed of revocations after a place in it.
-- KEYS    1 the feed's log
-- ARGV    1 the place, 2 how many at most
-- returns { the next place, until, revocation, until, revocation, … }
if redis.call('EXISTS', KEYS[1]) == 0 then return { '0-0' } end

local function isBefore(id, other)
  local time, number = string.match(id, '^(%d+)-(%d+)$')
  local otherTime, otherNumber = string.match(other, '^(%d+)-(%d+)$')
  if time == otherTime then return tonumber(number) < tonumber(otherNumber) end
  return tonumber(time) < tonumber(otherTime)
end

local info, lastId = redis.call('XINFO', 'STREAM', KEYS[1]), nil
for at = 1, #info - 1, 2 do
  if info[at] == 'last-generated-id' then lastId = info[at + 1] end
end
-- A feed that ends before the place was lost and begun anew: read from its beginning.
local place = isBefore(lastId, ARGV[1]) and '0-0' or ARGV[1]
local page = { place }
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. place, '+', 'COUNT', ARGV[2])) do
  page[1] = entry[1]
  page[#page + 1], page[#page + 2] = entry[2][2], entry[2][4]
end
return page
