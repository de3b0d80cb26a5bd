-- What a restoration goes by: the order it is made under, what was made ready for approval, what an objection took out.
ALTER TABLE restoration ADD COLUMN court_order_id bigint REFERENCES court_order;

ALTER TABLE restoration_line ADD COLUMN due_paise bigint CHECK (due_paise >= 0);
ALTER TABLE restoration_line ADD COLUMN objection_id bigint REFERENCES objection;
ALTER TABLE restoration_line ADD CONSTRAINT restoration_line_divided_before_due
    CHECK (coalesce(due_paise, 0) = 0 OR (allocation_id IS NOT NULL AND objection_id IS NULL));
COMMENT ON COLUMN restoration_line.due_paise IS 'what was made ready to go home; null until then';
COMMENT ON COLUMN restoration_line.objection_id IS 'the upheld objection by which it is let go instead';

-- In which order visits of steps were opened: clocks may stand still.
ALTER TABLE restoration_step ADD COLUMN place bigint GENERATED ALWAYS AS IDENTITY;

ALTER TABLE allocation_share ADD COLUMN gone_home_paise bigint NOT NULL DEFAULT 0 CHECK (gone_home_paise >= 0);
ALTER TABLE allocation_share ALTER COLUMN gone_home_paise DROP DEFAULT;
COMMENT ON COLUMN allocation_share.gone_home_paise IS
    'restored and released of the hop before: what of the share is still to go home is told by what has gone since';
CREATE INDEX allocation_share_hop ON allocation_share (case_no, hop_no, allocation_id);
