-- Stands before the scripts that write fields: how texts rest in the HASH.
-- Redis packs a HASH into one block (a listpack) while each of its values has at most 64 bytes, and pays some 100 bytes a
-- field once any is longer. So texts a little longer are cut into pieces; those much longer make packing pointless.

local pieceBytes = 64
local longestCut = 240
-- What the names of a field's pieces begin with.
local fieldMarks = { '.', '1', '2', '3' }
-- The pieces of the text that says who is signed in, and where.
local whoMarks = { 'w', 'x', 'y', 'z' }

local function continuesCharacter(byte) return byte and byte >= 128 and byte < 192 end

-- Appends hash field and value for each piece of `text`; returns how many there are. Characters (UTF-8) stay whole, so
-- a piece has 61 bytes at least, and the longest text that is cut has four.
local function put(flat, marks, name, text)
  local size, from, used = #text, 1, 0
  local isCut = size > pieceBytes and size <= longestCut
  repeat
    local to = size
    if isCut and size - from >= pieceBytes then
      to = from + pieceBytes - 1
      while continuesCharacter(string.byte(text, to + 1)) do to = to - 1 end
    end
    used = used + 1
    flat[#flat + 1] = marks[used] .. name
    flat[#flat + 1] = string.sub(text, from, to)
    from = to + 1
  until from > size
  return used
end

-- A session may have more fields than one call of Lua takes arguments.
local function inBatches(command, key, flat)
  local count = 0
  for from = 1, #flat, 1000 do
    count = count + redis.call(command, key, unpack(flat, from, math.min(from + 999, #flat)))
  end
  return count
end

local function putWho(flat, who)
  if who ~= '' then put(flat, whoMarks, '', who) end
end
