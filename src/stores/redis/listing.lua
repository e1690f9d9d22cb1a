-- Stands before the scripts that keep a principal's list: a sorted set of its sessions' hashes by their creation.
-- All keys of a principal begin alike: <base>mark, <base>list, and <base><hash> for each session.
-- The line before this file says `mostListed`.

-- So many more are kept before anybody looks for the dead among them, or each further sign-in would have to.
local slack = 100
-- Looked at in each sign-in, so that the list of somebody who never signs out stays as short as what lives.
local prunedPerSignIn = 2

local function memberOf(key, listKey) return string.sub(key, #listKey - 3) end
local function keyOf(member, listKey) return string.sub(listKey, 1, -5) .. member end

local function findMember(listKey, member, now, mark)
  local found = find(keyOf(member, listKey), now, mark)
  return found and not found.successor and found or nil
end

local function prune(listKey, last, now, mark)
  for _, member in ipairs(redis.call('ZRANGE', listKey, 0, last)) do
    if not findMember(listKey, member, now, mark) then redis.call('ZREM', listKey, member) end
  end
end

-- Enters a session that has just been written.
local function enlist(listKey, key, session, now, mark)
  prune(listKey, prunedPerSignIn - 1, now, mark)
  redis.call('ZADD', listKey, whole(session.created), memberOf(key, listKey))
  keepList(listKey, session.idle)
  if redis.call('ZCARD', listKey) <= mostListed + slack then return end
  prune(listKey, -1, now, mark)
  redis.call('ZREMRANGEBYRANK', listKey, 0, -mostListed - 1)
end
