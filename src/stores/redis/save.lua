-- Writes the changed fields of a session; slides its idle deadline, never backwards and never past the absolute one.
-- Most saves want no slide, and then the meta text stays as it is: a script's time is the whole server's.
-- KEYS    1 the session; of a signed-in one also 2 its principal's mark, 3 its list
-- ARGV    1 now, 2 wanted idle deadline, then the change (change.lua)
-- returns 1 saved, 0 gone, -2 conflict, -3 no sum (nothing is written), or { key } of the session's successor
local key, markKey, listKey = KEYS[1], KEYS[2], KEYS[3]
local session = find(key, tonumber(ARGV[1]), readMark(markKey))
if not session then return 0 end
if session.successor then return { session.successor } end
local change = readChange(3)
local refusal = refuse(key, change)
if refusal then return refusal end
apply(key, change)

local wanted = math.min(tonumber(ARGV[2]), session.absolute)
if wanted > session.idle then
  session.idle = wanted
  writeMeta(key, session)
  if listKey then keepList(listKey, wanted) end
end
return 1
