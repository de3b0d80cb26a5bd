-- Every copy of a report that ever came, by its hash: a notice names the copy that went with it, and a later scan takes
-- nobody's place. `fir.document` is the newest, for readers of before; whoever writes it, the copy is kept.
CREATE TABLE fir_copy (
    case_no text NOT NULL REFERENCES case_file,
    digest bytea NOT NULL,
    fir_id uuid NOT NULL REFERENCES fir,
    document bytea NOT NULL,
    PRIMARY KEY (case_no, digest),
    CONSTRAINT fir_copy_hashed CHECK (digest = sha256(document))
);
INSERT INTO fir_copy (case_no, digest, fir_id, document)
SELECT case_no, document_digest, fir_id, document FROM fir WHERE document IS NOT NULL ON CONFLICT DO NOTHING;
CREATE TRIGGER fir_copy_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fir_copy
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION fir_keeps_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fir_copy (case_no, digest, fir_id, document)
    VALUES (NEW.case_no, NEW.document_digest, NEW.fir_id, NEW.document) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER fir_copy_kept AFTER INSERT OR UPDATE OF document ON fir
    FOR EACH ROW WHEN (NEW.document IS NOT NULL) EXECUTE FUNCTION fir_keeps_copy();
