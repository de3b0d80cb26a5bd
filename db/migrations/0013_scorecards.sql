-- The scorecard by bank and the desk's call list (docs/scorecard.md).

-- `raw` has the time as the bank wrote it, in a dozen notations; this is the moment it was read as.
ALTER TABLE answer ADD COLUMN occurred_at timestamptz;
COMMENT ON COLUMN answer.occurred_at IS
    'when the bank says that it happened; null where it gave no time, or none that can be read';

-- A line speaks of its first hop: a case of forty thousand hops must not be searched for each of them.
CREATE INDEX answer_first_hop ON answer (case_no, (hop_nos[1]));
-- Lines are only ever added, in the order of this time.
CREATE INDEX answer_received ON answer USING brin (received_at);
-- Neither column ever changes, so a request's updates stay within its page.
CREATE INDEX hold_request_institution ON hold_request (institution, sent_at);
-- Of the hops that were asked about again there are few.
CREATE INDEX request_hop_again ON request_hop (case_no, hop_no) WHERE revision > 0;
CREATE INDEX discrepancy_institution ON discrepancy (institution, opened_at);
