-- The console counts the notices that an officer has not seen, on whatever screen the officer sits. The moment stands beside
-- `notice_setting`, because a row there says who changed how the officer is told.

CREATE TABLE notice_seen (
    officer_id text PRIMARY KEY REFERENCES officer (officer_id),
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE notice_seen IS 'until when an officer has seen the notices of work items';
