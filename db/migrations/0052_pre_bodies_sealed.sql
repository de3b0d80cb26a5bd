-- The bodies of messages to and from banks, and the lines of their answers, are sealed under a key of their case, so that
-- destroying the key destroys them. A body of no single case is sealed under a key of its bank. The digests stay: they are
-- of the clear bytes, and the log binds them.
ALTER TABLE person_key
    ADD COLUMN case_no text,
    ADD COLUMN institution text,
    ADD CONSTRAINT person_key_case_no_fkey FOREIGN KEY (case_no) REFERENCES case_file (case_no) NOT VALID,
    ADD CONSTRAINT person_key_institution_fkey FOREIGN KEY (institution) REFERENCES institution (code) NOT VALID,
    ADD CONSTRAINT person_key_one_owner CHECK (num_nonnulls(case_no, institution) <= 1) NOT VALID;
COMMENT ON TABLE person_key IS
    'A key, itself sealed under the secret key. It seals the data of one person, or bodies of one case or of one bank.';
COMMENT ON COLUMN person_key.case_no IS 'the case whose bodies it seals; null for a person and a bank';
COMMENT ON COLUMN person_key.institution IS 'the bank whose bodies of no single case it seals; null for a person and a case';

CREATE OR REPLACE FUNCTION person_key_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.destroyed_at IS NOT NULL
        OR (NEW.person_id, NEW.made_at, NEW.case_no, NEW.institution)
            IS DISTINCT FROM (OLD.person_id, OLD.made_at, OLD.case_no, OLD.institution)
    THEN
        RAISE EXCEPTION 'a key is sealed again or destroyed, and a destroyed key stays destroyed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- None of these refers to the key by a foreign key. It would lock the row of the key for every message, and a key is never
-- deleted (`person_key_rules`).
ALTER TABLE bank_exchange
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_body bytea,
    ADD COLUMN sealed_content bytea,
    ADD COLUMN sealed_reply bytea,
    ADD COLUMN body_digest bytea,
    ADD COLUMN content_digest bytea,
    ADD COLUMN reply_digest bytea,
    ADD CONSTRAINT bank_exchange_sealed_is_whole CHECK (num_nulls(person_id, sealed_body, body_digest) IN (0, 3)
        AND num_nulls(sealed_content, content_digest) IN (0, 2) AND num_nulls(sealed_reply, reply_digest) IN (0, 2)
        AND (person_id IS NULL OR (content IS NULL) = (sealed_content IS NULL) AND (reply IS NULL) = (sealed_reply IS NULL))
        AND (person_id IS NOT NULL OR num_nonnulls(sealed_content, sealed_reply) = 0)) NOT VALID,
    -- 30 bytes of what is sealed are its version, its nonce and its tag.
    ADD CONSTRAINT bank_exchange_sealed_as_sent CHECK (masked OR sealed_body IS NULL
        OR size_bytes > octet_length(sealed_body) - 30 OR digest = body_digest) NOT VALID;
COMMENT ON COLUMN bank_exchange.person_id IS 'the key of the case that seals it; null in a row that the release before wrote';
COMMENT ON COLUMN bank_exchange.sealed_body IS 'the body, sealed';
COMMENT ON COLUMN bank_exchange.body_digest IS 'SHA-256 of the body as it is kept here, in clear';

ALTER TABLE bank_body
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed bytea,
    ADD COLUMN of_bank boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT bank_body_check,
    ADD CONSTRAINT bank_body_check CHECK (sealed IS NOT NULL OR digest = sha256(body)) NOT VALID,
    ADD CONSTRAINT bank_body_sealed_is_whole CHECK (num_nulls(person_id, sealed) IN (0, 2)) NOT VALID;
COMMENT ON COLUMN bank_body.person_id IS 'the key of the case or of the bank that seals it';
COMMENT ON COLUMN bank_body.sealed IS 'the body, sealed';
COMMENT ON COLUMN bank_body.of_bank IS 'whether a key of the bank seals it, because it was of no known case or of several';

ALTER TABLE bank_evidence
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed bytea,
    DROP CONSTRAINT bank_evidence_check,
    ADD CONSTRAINT bank_evidence_check CHECK (sealed IS NOT NULL OR digest = sha256(body)) NOT VALID,
    ADD CONSTRAINT bank_evidence_sealed_is_whole CHECK (num_nulls(person_id, sealed) IN (0, 2)) NOT VALID;
COMMENT ON COLUMN bank_evidence.person_id IS 'the key of the case or of the bank that seals it';
COMMENT ON COLUMN bank_evidence.sealed IS 'the body, sealed';

ALTER TABLE answer
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_raw bytea,
    ADD COLUMN imported_by text,
    ADD COLUMN balance_on_wire boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT answer_sealed_is_whole CHECK (num_nulls(person_id, sealed_raw) IN (0, 2)) NOT VALID;
COMMENT ON COLUMN answer.person_id IS 'the key of the case that seals what was received';
COMMENT ON COLUMN answer.sealed_raw IS 'every field as the bank wrote it, sealed';
COMMENT ON COLUMN answer.imported_by IS 'who imported the workbook that it is from; null for a line of a bank';
COMMENT ON COLUMN answer.balance_on_wire IS 'whether it has a balance in the field of the I4C wire';

-- Of a page behind a letter's link, what the bank typed.
ALTER TABLE reply_form
    ADD COLUMN person_id uuid,
    ADD COLUMN sealed_form bytea,
    ADD COLUMN sealed_body bytea,
    ADD CONSTRAINT reply_form_sealed_is_whole CHECK (num_nulls(person_id, sealed_form) IN (0, 2)
        AND (person_id IS NOT NULL OR sealed_body IS NULL)
        AND (person_id IS NULL OR (body IS NULL) = (sealed_body IS NULL))) NOT VALID;
COMMENT ON COLUMN reply_form.person_id IS 'the key of the case that seals it';
COMMENT ON COLUMN reply_form.sealed_form IS 'the fields of the form, sealed';
COMMENT ON COLUMN reply_form.sealed_body IS 'the form as it was posted, sealed';

-- The digests of the files of an exchange in an evidence pack. `bank_exchange_files` is for the release before.
CREATE FUNCTION bank_exchange_digests(p_exchange_id bigint) RETURNS TABLE(name text, digest bytea)
 LANGUAGE sql STABLE AS $$
    SELECT f.* FROM bank_exchange x CROSS JOIN LATERAL (VALUES
        ('request.txt', sha256(convert_to(x.head, 'UTF8'))), ('body', coalesce(x.body_digest, sha256(x.body))),
        ('content', coalesce(x.content_digest, sha256(x.content))),
        ('reply.txt', sha256(convert_to(x.reply_head, 'UTF8'))), ('reply', coalesce(x.reply_digest, sha256(x.reply)))
    ) AS f (name, digest)
    WHERE x.exchange_id = p_exchange_id AND f.digest IS NOT NULL
$$;
COMMENT ON FUNCTION bank_exchange_digests(bigint) IS 'the SHA-256 of each file of an exchange, of its clear bytes';

CREATE OR REPLACE FUNCTION bank_exchanges_bound(p_about text, p_id uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    told jsonb;
    lines jsonb;
BEGIN
    WITH latest AS (
        (SELECT x.exchange_id, x.digest, coalesce(x.reply_digest, sha256(x.reply)) AS reply_digest FROM bank_exchange x
         WHERE x.request_id = p_id AND x.about = p_about ORDER BY x.exchange_id DESC LIMIT 20)
        UNION ALL
        (SELECT x.exchange_id, x.digest, coalesce(x.reply_digest, sha256(x.reply)) FROM bank_exchange x
         WHERE x.order_id = p_id AND x.about = p_about ORDER BY x.exchange_id DESC LIMIT 20)
        UNION ALL
        (SELECT x.exchange_id, x.digest, coalesce(x.reply_digest, sha256(x.reply)) FROM bank_exchange x
         WHERE x.inquiry_id = p_id AND x.about = p_about ORDER BY x.exchange_id DESC LIMIT 20)
    )
    SELECT jsonb_agg(jsonb_build_object('exchange_id', l.exchange_id, 'sent_sha256', encode(l.digest, 'hex'),
                                        'reply_sha256', encode(l.reply_digest, 'hex')) ORDER BY l.exchange_id),
        (SELECT jsonb_agg(format('%s  banks/sent/%s/%s', encode(f.digest, 'hex'),
                                 lpad(b.exchange_id::text, 10, '0'), f.name) ORDER BY b.exchange_id, f.name)
         FROM latest b, bank_exchange_digests(b.exchange_id) f)
    INTO told, lines FROM latest l;
    RETURN CASE WHEN told IS NULL THEN '{}' ELSE jsonb_build_object('exchanges', told, 'bound', lines) END;
END $$;

-- Who imported a line is a column now.
CREATE OR REPLACE FUNCTION only_importers(of_case text, of_hop integer) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN bool_and(s.importer IS NOT NULL) THEN array_agg(DISTINCT s.importer) ELSE '{}' END
    FROM (
        SELECT CASE WHEN a.flags @> '[{"code": "from_workbook"}]'
            THEN coalesce(a.imported_by, a.raw ->> 'imported_by', '') END AS importer
        FROM answer a WHERE a.case_no = of_case AND of_hop = ANY (a.hop_nos)
            AND a.kind IN ('held', 'withdrawn', 'spent', 'moved')
        UNION ALL
        SELECT CASE WHEN a.flags @> '[{"code": "from_workbook"}]'
            THEN coalesce(a.imported_by, a.raw ->> 'imported_by', '') END
        FROM hop h JOIN answer a ON a.answer_id = h.opened_by_answer WHERE h.case_no = of_case AND h.hop_no = of_hop
        UNION ALL
        SELECT NULL FROM payer_inquiry i JOIN payer_statement w USING (inquiry_id)
        WHERE i.case_no = of_case AND i.hop_no = of_hop AND w.kind = 'confirmed'
    ) AS s
$$;
