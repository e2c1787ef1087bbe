#!lua name=patternbench
-- What the module's commands do, as Redis functions: the same keys, records, counters, caps and TTLs. Written as one
-- would write them for production: no call that can be saved, no JSON read that need not be.
-- Unlike the module they do not check identifiers and do not anonymize, which is to their advantage.

local DAY = 86400
local TTL = 90 * DAY * 1000
local TREND_HALF_LIFE, FIX_HALF_LIFE = 14 * DAY, 30 * DAY
local MAX_ISSUES, MAX_FIXES, MAX_SESSIONS, MAX_SERIES, MAX_STATS = 10000, 1000, 500, 1000, 2000
local LN2 = 0.6931471805599453 -- nothing but `redis` is there while a library is loaded

local function escape(part)
  if part:find('[%%:]') then
    return (part:gsub('[%%:]', { ['%'] = '%25', [':'] = '%3A' }))
  end
  return part
end

-- The date of a day since 1970 (Hinnant's algorithm).
local function date_of(day)
  local z = day + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02d', year, month, doy - math.floor((153 * mp + 2) / 5) + 1)
end

-- One table, filled anew in each call.
local now = {}

local function moment()
  local time = redis.call('TIME')
  local seconds, ms = tonumber(time[1]), math.floor(time[2] / 1000)
  local day = math.floor(seconds / DAY)
  if day ~= now.day then
    now.day, now.date = day, date_of(day)
  end
  local rest = seconds - day * DAY
  now.seconds, now.ms = seconds + ms / 1000, seconds * 1000 + ms
  now.text = string.format('%sT%02d:%02d:%02d.%03dZ', now.date,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, ms)
end

local function rearm(key)
  local left = redis.call('PTTL', key)
  if left ~= -2 and left < TTL - TTL / 100 then
    redis.call('PEXPIREAT', key, string.format('%d', now.ms + TTL))
  end
end

-- Adds to a counter of today; each family of counters has a key of its own.
local function count(key, field, n)
  if redis.call('HINCRBY', key, field, n) == tonumber(n) and redis.call('HLEN', key) > MAX_SERIES then
    redis.call('HDEL', key, field)
    redis.call('HINCRBY', key, (field:gsub(':[^:]*', ':(other)', 1)), n)
  end
end

-- What every write ends with: the repo is known to have counters of today, and today's keys live on.
local function close(base, day)
  local meta = base .. 'meta'
  if redis.call('HSETNX', meta, 'day:' .. now.date, '1') == 1 then
    redis.call('HSETNX', meta, 'schema', '1')
    redis.call('HSETNX', meta, 'created_at', now.text)
  end
  rearm(day)
  rearm(meta)
end

local function join(a, b, half_life)
  if a < b then
    a, b = b, a
  end
  return a + half_life * math.log(1 + 2 ^ ((b - a) / half_life)) / LN2
end

redis.register_function('bench_track', function(keys, args)
  moment()
  local base = 'pm:{' .. keys[1] .. '}:'
  local issues, ranking = base .. 'issues', base .. 'issues:trend'
  local issue_type, severity, n = escape(args[1]), args[3], tonumber(args[4] or 1)
  local member = issue_type .. ':' .. escape(args[2])
  local stored = redis.call('HGET', issues, member)
  local arriving = now.seconds + TREND_HALF_LIFE * math.log(n) / LN2
  local record
  if stored then
    record = cjson.decode(stored)
    record.frequency = record.frequency + n
    record.severity = severity
    record.last_seen = now.text
    record.trend = join(record.trend, arriving, TREND_HALF_LIFE)
    for _ = 1, math.min(now.day - record.day, 30) do
      table.insert(record.days, 1, 0)
      record.days[31] = nil
    end
    record.day = now.day
    record.days[1] = (record.days[1] or 0) + n
  else
    record = { frequency = n, severity = severity, created_at = now.text, last_seen = now.text,
      trend = arriving, day = now.day, days = { n } }
  end
  redis.call('HSET', issues, member, cjson.encode(record))
  redis.call('ZADD', ranking, string.format('%.17g', record.trend), member)
  if not stored then
    local excess = redis.call('HLEN', issues) - MAX_ISSUES
    if excess > 0 then
      for _, leaving in ipairs(redis.call('ZRANGE', ranking, 0, excess)) do
        if leaving ~= member and excess > 0 then
          redis.call('HDEL', issues, leaving)
          redis.call('ZREM', ranking, leaving)
          excess = excess - 1
        end
      end
    end
  end
  local day = base .. 'day:' .. now.date
  count(day, 'issue:' .. issue_type .. ':' .. escape(severity), n)
  rearm(issues)
  rearm(ranking)
  close(base, day)
  return record.frequency
end)

local function add_outcome(text, success, feedback)
  local row = text and cjson.decode(text) or { attempts = 0, successes = 0, feedback_sum = 0, feedback_count = 0,
    recent_attempts = 0, recent_successes = 0 }
  local weight = row.last_seconds and 2 ^ ((row.last_seconds - now.seconds) / FIX_HALF_LIFE) or 1
  row.attempts = row.attempts + 1
  row.successes = row.successes + success
  if feedback then
    row.feedback_sum = row.feedback_sum + feedback
    row.feedback_count = row.feedback_count + 1
  end
  row.recent_attempts = row.recent_attempts * weight + 1
  row.recent_successes = row.recent_successes * weight + success
  row.last_applied_at = now.text
  row.last_seconds = now.seconds
  return row
end

-- issue type, fix type, success, feedback or '', metadata or '', idempotency key or ''
redis.register_function('bench_fix', function(keys, args)
  moment()
  local base = 'pm:{' .. keys[1] .. '}:'
  local list, stats, ids = base .. 'fixes', base .. 'fixes:stats', base .. 'fixes:ids'
  local success, feedback = args[3] == '1' and 1 or 0, tonumber(args[4])
  local id = args[6] ~= '' and args[6] or nil
  local fix_type = escape(args[2])
  local of_pair, of_type = escape(args[1]) .. ':' .. fix_type, ':' .. fix_type
  local rows = redis.call('HMGET', stats, of_pair, of_type)
  if id and redis.call('HEXISTS', ids, id) == 1 then
    return cjson.decode(rows[2]).attempts
  end
  local kept = redis.call('LPUSH', list, cjson.encode({ issue_type = args[1], fix_type = args[2], success = success == 1,
    feedback_score = feedback or cjson.null, metadata = args[5] ~= '' and cjson.decode(args[5]) or cjson.null,
    id = id or cjson.null, applied_at = now.text }))
  while kept > MAX_FIXES do
    local leaving = redis.call('RPOP', list)
    if leaving:find('"id":"', 1, true) then
      redis.call('HDEL', ids, cjson.decode(leaving).id)
    end
    kept = kept - 1
  end
  local paired = add_outcome(rows[1], success, feedback)
  local total = add_outcome(rows[2], success, feedback)
  redis.call('HSET', stats, of_pair, cjson.encode(paired), of_type, cjson.encode(total))
  if not rows[1] and redis.call('HLEN', stats) > MAX_STATS then
    return redis.error_reply('ERR the benchmark does not go there')
  end
  if id then
    redis.call('HSET', ids, id, '1')
  end
  local day = base .. 'day:' .. now.date .. ':fixes'
  count(day, 'fix:' .. fix_type .. (success == 1 and ':success' or ':failure'), 1)
  rearm(list)
  rearm(stats)
  rearm(ids)
  close(base, day)
  return total.attempts
end)

-- session type, patterns learned, insights generated, data or ''
redis.register_function('bench_session', function(keys, args)
  moment()
  local base = 'pm:{' .. keys[1] .. '}:'
  local list = base .. 'sessions'
  local kept = redis.call('LPUSH', list, cjson.encode({ session_type = args[1], patterns_learned = tonumber(args[2]),
    insights_generated = tonumber(args[3]), session_data = args[4] ~= '' and cjson.decode(args[4]) or cjson.null,
    created_at = now.text }))
  if kept > MAX_SESSIONS then
    redis.call('LTRIM', list, 0, MAX_SESSIONS - 1)
    kept = MAX_SESSIONS
  end
  local day, name = base .. 'day:' .. now.date .. ':sessions', 'session:' .. escape(args[1])
  count(day, name .. ':count', 1)
  count(day, name .. ':patterns', args[2])
  count(day, name .. ':insights', args[3])
  rearm(list)
  close(base, day)
  return kept
end)

local function wilson(successes, n)
  local z2 = 1.96 * 1.96
  local p = successes / n
  local centre = p + z2 / (2 * n)
  local margin = 1.96 * math.sqrt((p * (1 - p) + z2 / (4 * n)) / n)
  return (centre - margin) / (1 + z2 / n), (centre + margin) / (1 + z2 / n)
end

local function read_all(key)
  local found = redis.call('LRANGE', key, 0, -1)
  for i, text in ipairs(found) do
    found[i] = cjson.decode(text)
  end
  return found
end

-- The report of PATTERN.INSIGHTS, made of the records themselves. Arguments: days, top.
redis.register_function({ function_name = 'bench_insights', flags = { 'no-writes' }, callback = function(keys, args)
  moment()
  local base = 'pm:{' .. keys[1] .. '}:'
  local days, top = tonumber(args[1]), tonumber(args[2])
  local first_day = now.day - days + 1
  local first = date_of(first_day)

  local patterns, summary = {}, {}
  for _, member in ipairs(redis.call('SMEMBERS', base .. 'patterns')) do
    local flat, record = redis.call('HGETALL', base .. 'pattern:' .. member), {}
    for i = 1, #flat, 2 do
      record[flat[i]] = flat[i + 1]
    end
    if record.id then
      record.pattern_data = cjson.decode(record.pattern_data)
      for _, name in ipairs({ 'confidence', 'usage_count', 'version' }) do
        record[name] = tonumber(record[name])
      end
      patterns[#patterns + 1] = record
      local row = summary[record.pattern_type] or { avg_confidence = 0, pattern_count = 0, high_confidence_count = 0 }
      row.pattern_count = row.pattern_count + 1
      row.avg_confidence = row.avg_confidence + (record.confidence - row.avg_confidence) / row.pattern_count
      row.high_confidence_count = row.high_confidence_count + (record.confidence >= 0.8 and 1 or 0)
      summary[record.pattern_type] = row
    end
  end
  table.sort(patterns, function(a, b) return a.confidence > b.confidence end)

  local issues, by_type, by_severity = {}, {}, {}
  local flat = redis.call('HGETALL', base .. 'issues')
  for i = 1, #flat, 2 do
    local record = cjson.decode(flat[i + 1])
    if record.last_seen >= first then
      local issue_type, rule = flat[i]:match('^([^:]*):(.*)$')
      record.issue_type, record.issue_rule = issue_type, rule
      local inside, recent = 0, 0
      for back, n in ipairs(record.days) do
        local day = record.day - back + 1
        inside = inside + (day >= first_day and n or 0)
        recent = recent + (day > now.day - 3 and n or 0)
      end
      by_type[issue_type] = (by_type[issue_type] or 0) + inside
      by_severity[record.severity] = (by_severity[record.severity] or 0) + inside
      record.trend_score = 0.1 * 2 ^ ((record.trend - now.seconds) / TREND_HALF_LIFE)
      record.fast_rate, record.slow_rate = recent / 3, inside / 30
      record.burst = recent >= 5 and record.fast_rate >= 2 * record.slow_rate
      record.trend, record.days, record.day = nil, nil, nil
      issues[#issues + 1] = record
    end
  end
  table.sort(issues, function(a, b) return a.trend_score > b.trend_score end)

  local rates = {}
  for _, outcome in ipairs(read_all(base .. 'fixes')) do
    local row = rates[outcome.fix_type] or { total_attempts = 0, successful_fixes = 0, feedback = 0, given = 0,
      last_applied_at = outcome.applied_at }
    row.total_attempts = row.total_attempts + 1
    row.successful_fixes = row.successful_fixes + (outcome.success and 1 or 0)
    if outcome.feedback_score ~= cjson.null then
      row.feedback, row.given = row.feedback + outcome.feedback_score, row.given + 1
    end
    rates[outcome.fix_type] = row
  end
  for _, row in pairs(rates) do
    row.success_rate = row.successful_fixes / row.total_attempts
    row.avg_feedback = row.given > 0 and row.feedback / row.given or cjson.null
    row.success_low, row.success_high = wilson(row.successful_fixes, row.total_attempts)
  end

  local analytics = { total_sessions = 0, total_patterns_learned = 0, total_insights_generated = 0,
    session_breakdown = {} }
  for _, session in ipairs(read_all(base .. 'sessions')) do
    if session.created_at >= first then
      local row = analytics.session_breakdown[session.session_type]
        or { session_count = 0, patterns_learned = 0, insights_generated = 0 }
      row.session_count = row.session_count + 1
      row.patterns_learned = row.patterns_learned + session.patterns_learned
      row.insights_generated = row.insights_generated + session.insights_generated
      analytics.session_breakdown[session.session_type] = row
      analytics.total_sessions = analytics.total_sessions + 1
      analytics.total_patterns_learned = analytics.total_patterns_learned + session.patterns_learned
      analytics.total_insights_generated = analytics.total_insights_generated + session.insights_generated
    end
  end

  local recommendations = {}
  for _, record in ipairs(patterns) do
    if record.confidence < 0.6 then
      recommendations[#recommendations + 1] = 'Review ' .. record.pattern_type .. ' ' .. record.id
    end
  end
  for i = 1, math.min(3, #issues) do
    recommendations[#recommendations + 1] = 'Address ' .. issues[i].issue_type .. ' ' .. issues[i].issue_rule
  end
  local total = #issues
  for i = top + 1, total do issues[i] = nil end
  for i = top + 1, #patterns do patterns[i] = nil end
  return cjson.encode({ team_patterns = patterns, issue_trends = { trending_issues = issues,
    issue_distribution = by_type, severity_distribution = by_severity, total_patterns = total },
    fix_success_rates = rates, learning_analytics = analytics, pattern_confidence_summary = summary,
    recommendations = recommendations })
end })
