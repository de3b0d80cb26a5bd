-- One officer alone moved money out of a hold: by a release that this officer filed and decided, or by a court's order that
-- no other officer had seen. A release now waits until the victims are heard, and above a sum for a second officer. A
-- court's order counts for a limited time without its document and its second officer.

-- -- who told a thing about a hold ---------------------------------------------------------------------------------------

ALTER TABLE grievance ADD COLUMN filed_by text;
COMMENT ON COLUMN grievance.filed_by IS 'who entered it: `holder`, or an officer; null for one of before';
ALTER TABLE grievance_level ADD COLUMN opened_by text;
COMMENT ON COLUMN grievance_level.opened_by IS 'who took the appeal to this level: `holder`, or an officer';

CREATE TABLE release_proposal (
    proposal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file (case_no),
    hold_id uuid NOT NULL REFERENCES account_hold (hold_id),
    grievance_id uuid REFERENCES grievance (grievance_id),
    paise bigint NOT NULL CHECK (paise > 0),
    whole boolean NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    hear_until timestamptz NOT NULL,
    hold_limit_paise bigint NOT NULL,
    day_limit_paise bigint NOT NULL,
    needs_second boolean NOT NULL,
    policy text NOT NULL,
    state text NOT NULL DEFAULT 'waits' CHECK (state IN ('waits', 'ordered', 'rejected', 'dropped')),
    ended_at timestamptz,
    ended_by text,
    ended_reason text NOT NULL DEFAULT '',
    CONSTRAINT release_proposal_ended CHECK ((state = 'waits') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)),
    CONSTRAINT release_proposal_four_eyes
        CHECK (state <> 'ordered' OR NOT needs_second OR is_second_officer(ended_by, proposed_by)),
    CONSTRAINT release_proposal_heard CHECK (state <> 'ordered' OR ended_at >= hear_until)
);
CREATE UNIQUE INDEX release_proposal_waits ON release_proposal (hold_id) WHERE state = 'waits';
CREATE INDEX release_proposal_hold ON release_proposal (hold_id);
CREATE INDEX release_proposal_officer ON release_proposal (person_of(proposed_by), proposed_at);
CREATE INDEX release_proposal_case ON release_proposal (case_no);
COMMENT ON COLUMN release_proposal.grievance_id IS 'null for a small hold';
COMMENT ON COLUMN release_proposal.whole IS 'all that is free is released, and not a part';
COMMENT ON COLUMN release_proposal.needs_second IS
    'the releases of this hold, or those that this officer proposed on this day in India, exceed the sums of the policy';
COMMENT ON COLUMN release_proposal.ended_by IS 'who ordered it, rejected it, or decided otherwise';

CREATE TABLE release_hearing (
    hearing_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    proposal_id bigint NOT NULL REFERENCES release_proposal (proposal_id),
    ack_no text NOT NULL REFERENCES complaint (ack_no),
    said text NOT NULL CHECK (said <> ''),
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX release_hearing_proposal ON release_hearing (proposal_id);
COMMENT ON TABLE release_hearing IS 'What a victim says to a proposed release, as an officer records it.';
CREATE TRIGGER release_hearing_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON release_hearing
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION told_about_hold(of_hold uuid) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT person_of(g.filed_by) FROM grievance g WHERE g.hold_id = of_hold AND g.filed_by IS NOT NULL
    UNION
    SELECT person_of(t.who) FROM grievance g JOIN grievance_level l USING (grievance_id)
    CROSS JOIN LATERAL (
        VALUES (l.opened_by), (CASE WHEN l.outcome = 'reported' THEN l.ended_by END)
    ) AS t (who) WHERE g.hold_id = of_hold AND t.who IS NOT NULL
    UNION
    SELECT person_of(c.told_to) FROM holder_contact_change c WHERE c.hold_id = of_hold
    UNION
    SELECT person_of(c.made_by) FROM appeal_code c WHERE c.hold_id = of_hold
    UNION
    SELECT person_of(w.recorded_by) FROM release_proposal p JOIN release_hearing w USING (proposal_id)
    WHERE p.hold_id = of_hold
    UNION
    SELECT person_of(importer) FROM account_hold a
    JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
    CROSS JOIN LATERAL unnest(only_importers(h.case_no, h.hop_no)) AS importer WHERE a.hold_id = of_hold
$$;
COMMENT ON FUNCTION told_about_hold(uuid) IS
    'Who filed a grievance about the hold, reported on it, gave its holder''s contact or code, heard a victim about it, or imported it.';

CREATE FUNCTION release_proposal_counted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_hold bigint;
    of_day bigint;
BEGIN
    IF person_of(NEW.proposed_by) IN (SELECT told_about_hold(NEW.hold_id)) THEN
        RAISE EXCEPTION 'this officer told a thing about the hold'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'release_proposal_told';
    END IF;
    -- Two proposals of one officer at once would not see each other.
    PERFORM pg_advisory_xact_lock(hashtextextended('release_proposal:' || person_of(NEW.proposed_by), 0));
    SELECT coalesce(sum(paise), 0) INTO of_hold FROM release_proposal
    WHERE hold_id = NEW.hold_id AND state IN ('waits', 'ordered');
    SELECT coalesce(sum(paise), 0) INTO of_day FROM release_proposal
    WHERE person_of(proposed_by) = person_of(NEW.proposed_by) AND state IN ('waits', 'ordered')
      AND proposed_at >= date_trunc('day', NEW.proposed_at, 'Asia/Kolkata')
      AND proposed_at < date_trunc('day', NEW.proposed_at, 'Asia/Kolkata') + interval '1 day';
    NEW.needs_second := of_hold + NEW.paise > NEW.hold_limit_paise OR of_day + NEW.paise > NEW.day_limit_paise;
    RETURN NEW;
END $$;
CREATE TRIGGER release_proposal_counted BEFORE INSERT ON release_proposal
    FOR EACH ROW EXECUTE FUNCTION release_proposal_counted();

CREATE FUNCTION release_proposal_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'waits'
        OR (to_jsonb(NEW) - '{state,ended_at,ended_by,ended_reason}'::text[])
            IS DISTINCT FROM (to_jsonb(OLD) - '{state,ended_at,ended_by,ended_reason}'::text[])
    THEN
        RAISE EXCEPTION 'of a proposed release only its end is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'ordered' AND person_of(NEW.ended_by) IN (SELECT told_about_hold(NEW.hold_id)) THEN
        RAISE EXCEPTION 'this officer told a thing about the hold'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'release_proposal_told';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER release_proposal_rules BEFORE DELETE OR UPDATE ON release_proposal
    FOR EACH ROW EXECUTE FUNCTION release_proposal_rules();

-- -- orders of courts ----------------------------------------------------------------------------------------------------

ALTER TABLE court_order
    ADD COLUMN second_needed boolean NOT NULL DEFAULT false,
    ADD COLUMN ends_on date,
    ADD COLUMN counts_until timestamptz,
    ADD COLUMN warned_at timestamptz,
    ADD COLUMN ended_as text,
    DROP CONSTRAINT court_order_four_eyes,
    ADD CONSTRAINT court_order_four_eyes CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL) AND (confirmed_by IS NULL
        OR (confirmed_by <> taken_by AND document IS NOT NULL))) NOT VALID,
    ADD CONSTRAINT court_order_ended_as
        CHECK (ended_as IS NULL OR (ended_as IN ('void', 'over') AND withdrawn_at IS NOT NULL)) NOT VALID,
    ADD CONSTRAINT court_order_counts_for_a_time CHECK (NOT second_needed OR counts_until IS NOT NULL
        OR (confirmed_at IS NOT NULL AND effect <> 'keep_hold')) NOT VALID;
COMMENT ON COLUMN court_order.second_needed IS 'a second officer has to confirm it; false for an order of before';
COMMENT ON COLUMN court_order.ends_on IS 'the day until which a court keeps a hold, as the order says it';
COMMENT ON COLUMN court_order.counts_until IS
    'when it ends by itself: without its document, without its second officer, or as a keep of a hold; null for no end';
COMMENT ON COLUMN court_order.ended_as IS 'why the engine withdrew it: `void` without document or second officer, `over` at its end';

CREATE FUNCTION court_order_counts(c court_order) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT c.withdrawn_at IS NULL
        AND (c.confirmed_at IS NOT NULL OR (NOT c.second_needed AND c.effect <> 'release'))
$$;
COMMENT ON FUNCTION court_order_counts(court_order) IS
    'Whether an order moves money or a restoration. A keep of a hold counts before, but only for a limited time.';

-- -- attestations that a bank knows of a cancellation --------------------------------------------------------------------

ALTER TABLE order_cancellation ADD COLUMN attested_by text, ADD COLUMN attested_note text NOT NULL DEFAULT '',
    ADD CONSTRAINT order_cancellation_four_eyes
        CHECK (attested_by IS NULL OR settled_by IS NULL OR settled_by LIKE 'bank:%'
            OR is_second_officer(settled_by, attested_by)) NOT VALID,
    ADD CONSTRAINT order_cancellation_first_word CHECK (attested_by IS NULL OR attested_note <> '') NOT VALID;
COMMENT ON COLUMN order_cancellation.attested_by IS
    'who first said that the bank knows; for an order to restore a second officer says it too';
