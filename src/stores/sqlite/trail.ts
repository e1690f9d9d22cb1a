// Where a renewed key leads, and which keys are a principal's: for the reading and the writing side alike.

/**
 * Parameters: the key, now. The key under which its session is alive after however many renewals, if any. Only for keys
 * that have no session of their own. UNION, not UNION ALL: not even a damaged file makes it run in a circle.
 */
export const trailSql = `
  WITH RECURSIVE trail (key) AS (
    SELECT successor FROM drover_session_forwarding WHERE key = ?1 AND until_ms > ?2
    UNION
    SELECT next.successor
    FROM trail JOIN drover_session_forwarding AS next ON next.key = trail.key AND next.until_ms > ?2
  )
  SELECT session.key FROM trail JOIN drover_session AS session ON session.key = trail.key
  WHERE session.idle_deadline_ms > ?2`

/** All keys with this tag lie strictly between these two: '/' is the character after '.'. */
export function keyRange(tag: string): readonly [after: string, before: string] {
  return [`${tag}.`, `${tag}/`]
}
