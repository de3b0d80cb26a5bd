-- No bank is asked about the cases of a workbook while it is imported: its later rows may have the answers.
CREATE TABLE request_pause (
    ack_no text NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    CONSTRAINT request_pause_pkey PRIMARY KEY (ack_no),
    CONSTRAINT request_pause_ack_no_check CHECK ((ack_no ~ '^\d{14}$'::text))
);
COMMENT ON TABLE request_pause IS 'numbers of a workbook that is being imported; after ends_at the pause is over';
