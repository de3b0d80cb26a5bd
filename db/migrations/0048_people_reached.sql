-- How people are reached: holders whom a person has heard of, officers by district, codes that are not kept.

-- A code lives for minutes: after that it is not sent any more, and its text is kept no longer than it is needed.
ALTER TABLE message ADD COLUMN expires_at timestamptz;
COMMENT ON COLUMN message.expires_at IS 'from then on it is sent no more, and its text is blank; null: it is kept';
ALTER TABLE message DROP CONSTRAINT message_body_check;
ALTER TABLE message ADD CONSTRAINT message_body_check CHECK (body <> '' OR kind = 'grievance_code');
UPDATE message SET body = '', expires_at = written_at + interval '10 minutes', next_attempt_at = NULL
WHERE kind = 'grievance_code' AND (sent_at IS NOT NULL OR written_at < now() - interval '10 minutes');
CREATE INDEX message_to_expire ON message (expires_at) WHERE body <> '' AND expires_at IS NOT NULL;

-- How the holder of an account is reached, where a person was told: it goes before what stands in the bank's lines.
CREATE TABLE holder_contact (
    hold_id uuid PRIMARY KEY REFERENCES account_hold,
    phone text NOT NULL,
    email text NOT NULL,
    told_at timestamptz NOT NULL,
    told_to text NOT NULL,
    CHECK (phone <> '' OR email <> '')
);

-- Who decides on appeals above the officers of the case: by district, for the State once.
CREATE TABLE grievance_officer (
    level text NOT NULL CHECK (level IN ('dy_sp', 'district_gro', 'state_gro')),
    -- as it is written in complaints, in capitals; '' for the State
    district text NOT NULL CHECK ((level = 'state_gro') = (district = '')),
    name text NOT NULL CHECK (name <> ''),
    phone text NOT NULL,
    email text NOT NULL,
    written_at timestamptz NOT NULL,
    written_by text NOT NULL,
    PRIMARY KEY (level, district),
    CHECK (phone <> '' OR email <> '')
);
