-- What only serves against repeats goes when it has served. What was said or done through it stays.

CREATE INDEX feed_key_seen ON feed_key (seen_at);
CREATE INDEX answer_link_unused ON answer_link (expires_at) WHERE used_at IS NULL;

-- A link through which a form came is evidence: it is used, or the form's foreign key holds it.
CREATE FUNCTION answer_link_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.used_at IS NOT NULL OR OLD.expires_at > now() THEN
        RAISE EXCEPTION 'a row of answer_link goes only when the link has ended unused'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER answer_link_kept ON answer_link;
CREATE TRIGGER answer_link_goes BEFORE DELETE ON answer_link FOR EACH ROW EXECUTE FUNCTION answer_link_goes();
CREATE TRIGGER answer_link_kept BEFORE TRUNCATE ON answer_link FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Some banks tell what is free, others what is there.
ALTER TABLE answer ADD COLUMN balance_is_free boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN answer.balance_paise IS 'what the account has by this line; null where it says nothing';
COMMENT ON COLUMN answer.balance_is_free IS 'whether balance_paise leaves out what is on hold in the account';
