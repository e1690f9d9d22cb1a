-- Stands before the scripts of tokens: what a family's key holds, its principal's mark, and how a revocation is published.
-- A family is a hash: t text, g generation, m mark, a advanced at, i idle deadline, x absolute deadline.
-- The feed is two streams of { u until, r revocation }, one of what is over within two hours, and a counter beside them whose change
-- tells of the next entry.
-- Times are milliseconds since the epoch. A minute is added wherever Redis forgets: its clock may be ahead of the servers'.

local function whole(number) return string.format('%.0f', number) end

-- `key` is kept for at least so long from now on.
local function keepFor(key, duration)
  duration = math.max(duration, 0) + 60000
  if redis.call('PTTL', key) < duration then redis.call('PEXPIRE', key, whole(duration)) end
end

-- The mark of a principal, 0 where nothing was ever revoked.
local function readMark(key)
  local mark = redis.call('GET', key)
  if not mark then return 0 end
  return tonumber(mark) or error('malformed revocation mark', 0)
end

-- The living family under `key`, or nil. Whatever is none raises.
local function findFamily(key, markKey, now)
  local found = redis.call('HMGET', key, 't', 'g', 'm', 'a', 'i', 'x')
  local family = {
    text = found[1],
    generation = tonumber(found[2] or ''),
    mark = tonumber(found[3] or ''),
    advanced = tonumber(found[4] or ''),
    idle = tonumber(found[5] or ''),
    absolute = tonumber(found[6] or ''),
  }
  local isWhole = family.generation and family.mark and family.advanced and family.idle and family.absolute
  if not (family.text and isWhole) then
    if redis.call('EXISTS', key) == 1 then error('malformed token family', 0) end
    return nil
  end
  if family.idle <= now or family.mark < readMark(markKey) then return nil end
  return family
end

local function writeFamily(key, family, now)
  redis.call('HSET', key, 't', family.text, 'g', whole(family.generation), 'm', whole(family.mark),
    'a', whole(family.advanced), 'i', whole(family.idle), 'x', whole(family.absolute))
  keepFor(key, family.idle - now)
end

-- `status`, the family, and what is still to be published, or ''.
local function answer(status, family, revocation)
  return { status, family.text, whole(family.generation), whole(family.mark), whole(family.idle),
    whole(family.absolute), revocation or '' }
end

-- The feed's keys from `at` on, or nil where it is elsewhere (in a Cluster).
local function feedAt(at)
  return KEYS[at] and { log = KEYS[at], longLog = KEYS[at + 1], head = KEYS[at + 2] } or nil
end

-- What is over at the front of a log. More than one call adds, so that it shrinks again after a rush.
local function trim(log, now)
  for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', 16)) do
    if tonumber(entry[2][2]) > now then break end
    redis.call('XDEL', log, entry[1])
  end
end

-- Where the feed is elsewhere, the revocation is given back to be published there.
local function publish(feed, now, untilTime, revocation)
  if not feed then return revocation end
  trim(feed.log, now)
  trim(feed.longLog, now)
  local log = untilTime - now <= 7200000 and feed.log or feed.longLog
  redis.call('XADD', log, '*', 'u', whole(untilTime), 'r', revocation)
  redis.call('INCR', feed.head)
  keepFor(log, untilTime - now)
  keepFor(feed.head, untilTime - now)
  return ''
end
