-- Reads the feed of revocations after a place in each of its logs.
-- KEYS    1 the feed's log, 2 that of long ones
-- ARGV    1 the place in the first, 2 in the second, 3 how many of each at most
-- returns { the next place in the first, in the second, '1' where there may be more, until, revocation, until, revocation, … }

local function isBefore(id, other)
  local time, number = string.match(id, '^(%d+)-(%d+)$')
  local otherTime, otherNumber = string.match(other, '^(%d+)-(%d+)$')
  if time == otherTime then return tonumber(number) < tonumber(otherNumber) end
  return tonumber(time) < tonumber(otherTime)
end

local page = { '0-0', '0-0', '' }

local function read(at)
  if redis.call('EXISTS', KEYS[at]) == 0 then return end
  local info, lastId = redis.call('XINFO', 'STREAM', KEYS[at]), nil
  for word = 1, #info - 1, 2 do
    if info[word] == 'last-generated-id' then lastId = info[word + 1] end
  end
  -- A log that ends before the place was lost and begun anew: read from its beginning.
  page[at] = isBefore(lastId, ARGV[at]) and '0-0' or ARGV[at]
  local entries = redis.call('XRANGE', KEYS[at], '(' .. page[at], '+', 'COUNT', ARGV[3])
  for _, entry in ipairs(entries) do
    page[at] = entry[1]
    page[#page + 1], page[#page + 2] = entry[2][2], entry[2][4]
  end
  if #entries == tonumber(ARGV[3]) then page[3] = '1' end
end

read(1)
read(2)
return page
