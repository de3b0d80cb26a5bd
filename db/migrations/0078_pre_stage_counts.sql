-- A supervisor asks how long each stage takes over a year. To read the year's cases takes half a minute. A loop counts each
-- day once it has changed, and a month is the sum of its days. Durations are counts in buckets, so that days can be added.

CREATE TABLE stage_day (
    day date PRIMARY KEY,
    counted_at timestamptz
);
COMMENT ON COLUMN stage_day.day IS 'a day of Indian time, from the day of the first case on';
COMMENT ON COLUMN stage_day.counted_at IS 'when the stages of the day were counted last; null before the first count';

CREATE TABLE stage_count (
    grouping text NOT NULL,
    span text NOT NULL,
    starts_on date NOT NULL,
    key text NOT NULL,
    stage text NOT NULL,
    began integer NOT NULL,
    ended integer NOT NULL,
    waiting integer NOT NULL,
    in_policy integer NOT NULL,
    past_policy integer NOT NULL,
    in_legal integer NOT NULL,
    past_legal integer NOT NULL,
    buckets smallint[] NOT NULL,
    durations integer[] NOT NULL,
    PRIMARY KEY (grouping, span, starts_on, key, stage),
    CONSTRAINT stage_count_grouping_check CHECK (
        grouping IN ('total', 'district', 'bank', 'channel', 'wire', 'hour', 'category')),
    CONSTRAINT stage_count_span_check CHECK (span IN ('day', 'month')),
    CONSTRAINT stage_count_month_begins CHECK (span = 'day' OR extract(day FROM starts_on) = 1),
    CONSTRAINT stage_count_adds_up CHECK (
        least(ended, waiting, in_policy, past_policy, in_legal, past_legal) >= 0
        AND ended + waiting <= began AND greatest(in_policy, in_legal) <= ended
        AND greatest(past_policy, past_legal) <= waiting),
    CONSTRAINT stage_count_buckets_paired CHECK (cardinality(buckets) = cardinality(durations))
);
COMMENT ON COLUMN stage_count.key IS 'the district, bank, channel, hour or category of the row; empty if unknown, and for a total';
COMMENT ON COLUMN stage_count.in_policy IS 'ended within the target of the policy';
COMMENT ON COLUMN stage_count.past_policy IS 'not ended, still expected, and past the target of the policy when the day was counted';
COMMENT ON COLUMN stage_count.in_legal IS 'ended within the time of the law';
COMMENT ON COLUMN stage_count.past_legal IS 'not ended, still expected, and past the time of the law when the day was counted';
COMMENT ON COLUMN stage_count.buckets IS 'buckets of durations, eight to each doubling from a millisecond on';
COMMENT ON COLUMN stage_count.durations IS 'how many durations are in each of these buckets';
