-- Publishes a revocation in a feed that is not where its family was.
-- KEYS    1 the feed's log, 2 that of long ones, 3 its head
-- ARGV    1 now, 2 until, 3 the revocation
-- returns 1
publish(feedAt(1), tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3])
return 1
