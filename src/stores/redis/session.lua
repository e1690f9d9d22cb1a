-- Stands before the scripts: what a key holds, and what a session's meta text says. record.ts tells the format.
-- Times are milliseconds since the epoch.

local function whole(number) return string.format('%.0f', number) end

-- The mark of a principal, 0 where nothing was ever revoked. A visitor has no mark, and `key` is nil.
local function readMark(key)
  local mark = key and redis.call('GET', key)
  if not mark then return 0 end
  return tonumber(mark) or error('malformed revocation mark', 0)
end

-- What lives under `key`: nil, { successor = <key of the port> } or a session's meta. Whatever is neither raises.
local function find(key, now, mark)
  local found = redis.call('HMGET', key, 'm', 'f')
  if found[1] then
    local created, idle, absolute, generation = string.match(found[1], '^2(%d+) (%-?%d+) (%-?%d+) (%d+)$')
    if not created then error('malformed session record', 0) end
    created = tonumber(created)
    local session = {
      created = created,
      idle = created + tonumber(idle),
      absolute = created + tonumber(absolute),
      generation = tonumber(generation),
    }
    if session.idle <= now or session.generation < mark then return nil end
    return session
  end
  if found[2] then
    local untilTime, successor = string.match(found[2], '^2(%d+) (%S+) ')
    if not untilTime then error('malformed session record', 0) end
    if tonumber(untilTime) <= now then return nil end
    return { successor = successor }
  end
  if redis.call('EXISTS', key) == 1 then error('malformed session record', 0) end
  return nil
end

local function writeMeta(key, session)
  local created, idle = session.created, whole(session.idle)
  local lifetimes = whole(session.idle - created) .. ' ' .. whole(session.absolute - created)
  redis.call('HSET', key, 'm', '2' .. whole(created) .. ' ' .. lifetimes .. ' ' .. whole(session.generation))
  redis.call('PEXPIREAT', key, idle)
end

-- A principal's list lives as long as any of its sessions may. (PEXPIREAT with GT is not in Redis 6.2.)
local function keepList(listKey, deadline)
  local left = redis.call('PTTL', listKey)
  if left == -2 then return end
  local time = redis.call('TIME')
  if left == -1 or time[1] * 1000 + time[2] / 1000 + left < deadline then
    redis.call('PEXPIREAT', listKey, whole(deadline))
  end
end

-- Leaves a forwarding under `key`: `leadsTo` is the successor's key, a space, and the sealed id.
local function forward(key, untilTime, leadsTo)
  redis.call('DEL', key)
  redis.call('HSET', key, 'f', '2' .. untilTime .. ' ' .. leadsTo)
  redis.call('PEXPIREAT', key, untilTime)
end
