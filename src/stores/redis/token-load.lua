-- Looks at a token family.
-- KEYS    1 the family, 2 its principal's mark
-- ARGV    1 now
-- returns { 'live', … } (token-family.lua) or { 'gone' }
local family = findFamily(KEYS[1], KEYS[2], tonumber(ARGV[1]))
return family and answer('live', family) or { 'gone' }
