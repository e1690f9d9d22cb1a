-- Stands before the scripts that change fields: a SessionChange in ARGV, from `at` on:
--   counts of fields set, removed, added to, expected; 1 when those expected must be all, else 0;
--   then name, text of each set; each name removed; name, number of each added to; name, '=' and text or '-' of each expected

-- What the script answers when the change cannot be made.
local conflict, noSum = -2, -3
local mostWhole = 9007199254740991

local function readChange(at)
  local change = { set = at + 5 }
  change.remove = change.set + 2 * tonumber(ARGV[at])
  change.add = change.remove + tonumber(ARGV[at + 1])
  change.expect = change.add + 2 * tonumber(ARGV[at + 2])
  change.last = change.expect + 2 * tonumber(ARGV[at + 3]) - 1
  change.expectWhole = ARGV[at + 4] == '1'
  return change
end

local function textOf(key, name)
  local pieces = redis.call('HMGET', key, '.' .. name, '1' .. name, '2' .. name, '3' .. name)
  return pieces[1] and pieces[1] .. (pieces[2] or '') .. (pieces[3] or '') .. (pieces[4] or '')
end

local function meets(key, change)
  local present = 0
  for at = change.expect, change.last, 2 do
    local wanted = ARGV[at + 1]
    local text = textOf(key, ARGV[at])
    if (text and '=' .. text or '-') ~= wanted then return false end
    if text then present = present + 1 end
  end
  if not change.expectWhole then return true end
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.sub(field, 1, 1) == '.' then present = present - 1 end
  end
  return present == 0
end

local function sumOf(text, by)
  if not (string.find(text, '^%-?0$') or string.find(text, '^%-?[1-9]%d*$')) then return nil end
  local before = tonumber(text)
  -- Adding 0 turns -0, which has no text of its own, into 0.
  local sum = before + by + 0
  if math.abs(before) > mostWhole or math.abs(sum) > mostWhole or sum % 1 ~= 0 then return nil end
  return whole(sum)
end

-- Whether the change can be made to the fields under `key`: nil, or what to answer instead. Computes the sums.
local function refuse(key, change)
  if not meets(key, change) then return conflict end
  change.sums = {}
  for at = change.add, change.expect - 1, 2 do
    local sum = sumOf(textOf(key, ARGV[at]) or '0', tonumber(ARGV[at + 1]))
    if not sum then return noSum end
    change.sums[ARGV[at]] = sum
  end
  return nil
end

-- Writes the fields of a change that was not refused.
local function apply(key, change)
  local flat, stale = {}, {}
  -- A field may have had more pieces than it has now. They leave no gaps: without the first of them there is none.
  local used = {}
  for at = change.set, change.remove - 1, 2 do
    local name = ARGV[at]
    used[name] = put(flat, fieldMarks, name, ARGV[at + 1])
    if used[name] < #fieldMarks then stale[#stale + 1] = fieldMarks[used[name] + 1] .. name end
  end
  for name, sum in pairs(change.sums) do put(flat, fieldMarks, name, sum) end
  for at = change.remove, change.add - 1 do
    used[ARGV[at]] = 0
    stale[#stale + 1] = fieldMarks[1] .. ARGV[at]
  end
  inBatches('HSET', key, flat)
  if inBatches('HDEL', key, stale) == 0 then return end
  local further = {}
  for name, count in pairs(used) do
    for at = count + 2, #fieldMarks do further[#further + 1] = fieldMarks[at] .. name end
  end
  inBatches('HDEL', key, further)
end
