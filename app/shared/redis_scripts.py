"""What must happen in Redis at once, as its scripts; each call sets the end of what it touches.

Times inside Redis are its own, in microseconds, so that replicas need no common clock.
"""

FIELD = b"m"
"""The one field of a stream's entries."""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
"""

# One script, so that a counter can never be left without its end (INCRBY and PEXPIRE apart could be).
ADD = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  left = tonumber(ARGV[2])
end
return {count, left}
"""
READ = "return {redis.call('GET', KEYS[1]) or '0', redis.call('PTTL', KEYS[1])}"

# A group is a sorted set of when each member was kept, and a hash of what.
KEEP = (
    _NOW
    + """
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[3])
local gone = {}
if over > 0 then
  gone = redis.call('ZRANGE', KEYS[1], 0, over - 1)
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, over - 1)
  for _, member in ipairs(gone) do redis.call('HDEL', KEYS[2], member) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return gone
"""
)
KEPT = (
    _NOW
    + """
local when = redis.call('ZSCORE', KEYS[1], ARGV[1])
local what = redis.call('HGET', KEYS[2], ARGV[1])
if not when or not what then return nil end
return {what, string.format('%.0f', now - when)}
"""
)
DROP = "redis.call('ZREM', KEYS[1], ARGV[1]) redis.call('HDEL', KEYS[2], ARGV[1])"

# Slots are a sorted set of holders by when their place ends; the set ends with the last of them.
ACQUIRE = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
local mine = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not mine and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[3]) * 1000), ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
"""
)
HOLDERS = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
return redis.call('ZCARD', KEYS[1])
"""
)
APPEND = """
local position = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], '*', 'm', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return position
"""
