-- Lets a key that was renewed before lead straight to the newest key: whichever id the client is left with, it can be
-- opened by who has it.
-- KEYS    1 the key that was renewed
-- ARGV    1 now, 2 end of the forwarding, 3 where it leads
-- returns 1 forwarded, 0 nothing is left under the key
local found = find(KEYS[1], tonumber(ARGV[1]), 0)
if not found or not found.successor then return 0 end
forward(KEYS[1], ARGV[2], ARGV[3])
return 1
