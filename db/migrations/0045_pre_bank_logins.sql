-- A bank that signs is known by its signature alone from a date on. A bank learns of a login from a new address, and a
-- verified login is known to every process. The directory may limit our calls to a bank.
ALTER TABLE institution
    ADD COLUMN signature_only_from timestamptz,
    ADD COLUMN calls_at_once integer CONSTRAINT institution_calls_at_once CHECK (calls_at_once BETWEEN 1 AND 1000),
    ADD COLUMN calls_a_second double precision
        CONSTRAINT institution_calls_a_second CHECK (calls_a_second > 0 AND calls_a_second <= 1000);

COMMENT ON COLUMN institution.signature_only_from IS
    'from this time a token does not open the feed to this bank; null: a token is enough';
COMMENT ON COLUMN institution.calls_at_once IS 'most calls of ours to this bank at a time; null: no limit of its own';
COMMENT ON COLUMN institution.calls_a_second IS 'most calls of ours to this bank in a second; null: no limit of its own';

-- Banks that have a key now get a month, because their programs may still use a token.
UPDATE institution i SET signature_only_from = now() + interval '30 days'
WHERE EXISTS (SELECT FROM bank_key k WHERE k.institution = i.code AND (k.not_after IS NULL OR k.not_after > now()));

CREATE TABLE bank_login (
    institution text NOT NULL REFERENCES institution (code),
    address text NOT NULL CONSTRAINT bank_login_address_check CHECK (length(address) BETWEEN 1 AND 100),
    mark bytea NOT NULL CONSTRAINT bank_login_mark_check CHECK (octet_length(mark) = 32),
    first_at timestamptz NOT NULL,
    verified_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    PRIMARY KEY (institution, address),
    CONSTRAINT bank_login_told_or_to_tell CHECK (told_at IS NULL OR next_attempt_at IS NULL)
);

COMMENT ON TABLE bank_login IS 'an address from which a bank has logged in at our API';
COMMENT ON COLUMN bank_login.mark IS 'keyed digest of the password and its hash, so that a repeated login is cheap';
COMMENT ON COLUMN bank_login.next_attempt_at IS 'when the bank''s nodal officers are told of it; null: not any more';

CREATE INDEX bank_login_to_tell ON bank_login (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX bank_login_verified_at ON bank_login (verified_at);
