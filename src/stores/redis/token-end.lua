-- Ends a token family, whether or not it is there.
-- KEYS    1 the family, and where the feed is here: 2 its log, 3 that of long ones, 4 its head
-- ARGV    1 now, 2 how long its end is to be known, 3 the family's key in the port
-- returns what is still to be published, or ''
redis.call('DEL', KEYS[1])
return publish(feedAt(2), tonumber(ARGV[1]), tonumber(ARGV[2]), 'family ' .. ARGV[3])
