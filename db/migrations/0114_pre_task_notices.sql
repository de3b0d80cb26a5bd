-- No officer was told of a work item. Each is now told by own setting and shift. These tables stand beside `desk_task`, because
-- the golden hour opens items: that insert gets no column, index or trigger more.

CREATE TABLE notice_setting (
    officer_id text PRIMARY KEY REFERENCES officer (officer_id),
    setting jsonb CONSTRAINT notice_setting_size CHECK (pg_column_size(setting) <= 8192),
    person_id uuid REFERENCES person_key (person_id),
    sealed_webhook bytea,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL CONSTRAINT notice_setting_changed_by_check CHECK (changed_by <> ''),
    CONSTRAINT notice_setting_webhook_is_sealed CHECK ((person_id IS NULL) = (sealed_webhook IS NULL))
);
CREATE INDEX notice_setting_person ON notice_setting (person_id) WHERE person_id IS NOT NULL;
COMMENT ON TABLE notice_setting IS 'how an officer is told of work items';
COMMENT ON COLUMN notice_setting.setting IS 'null: the setting of the policy for the officer''s roles';
COMMENT ON COLUMN notice_setting.sealed_webhook IS 'address and secret of the officer''s webhook, sealed under a key of their own';

CREATE TABLE task_message (
    message_id uuid PRIMARY KEY,
    officer_id text NOT NULL REFERENCES officer (officer_id),
    medium text NOT NULL CONSTRAINT task_message_medium_check CHECK (medium IN ('sms', 'email', 'webhook')),
    written_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0 CONSTRAINT task_message_attempts_check CHECK (attempts >= 0),
    next_attempt_at timestamptz,
    sent_at timestamptz,
    withdrawn_at timestamptz,
    failure text NOT NULL DEFAULT '' CONSTRAINT task_message_failure_check CHECK (length(failure) <= 500),
    CONSTRAINT task_message_has_one_end CHECK (num_nonnulls(next_attempt_at, sent_at, withdrawn_at) <= 1)
);
CREATE INDEX task_message_due ON task_message (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX task_message_of_officer ON task_message (officer_id, medium, written_at);
CREATE INDEX task_message_by_time ON task_message (written_at);
CREATE UNIQUE INDEX task_message_under_way ON task_message (officer_id, medium) WHERE next_attempt_at IS NOT NULL;
COMMENT ON TABLE task_message IS 'one message to an officer about several work items; its text is made when it is sent';
COMMENT ON COLUMN task_message.next_attempt_at IS 'null: sent, withdrawn or given up';
COMMENT ON COLUMN task_message.withdrawn_at IS 'when none of its items waited any more';

CREATE TABLE task_notice (
    officer_id text NOT NULL REFERENCES officer (officer_id),
    task_id bigint NOT NULL REFERENCES desk_task (task_id),
    version bigint NOT NULL CONSTRAINT task_notice_version_check CHECK (version >= 0),
    reason text NOT NULL CONSTRAINT task_notice_reason_check
        CHECK (reason IN ('open', 'passed_on', 'lease_ends', 'deadline', 'unheard')),
    medium text NOT NULL CONSTRAINT task_notice_medium_check CHECK (medium IN ('stream', 'sms', 'email', 'webhook')),
    written_at timestamptz NOT NULL,
    message_id uuid REFERENCES task_message (message_id),
    PRIMARY KEY (officer_id, task_id, version, reason, medium),
    CONSTRAINT task_notice_of_stream_is_not_sent CHECK (medium <> 'stream' OR message_id IS NULL)
);
CREATE INDEX task_notice_waits ON task_notice (officer_id, medium) WHERE message_id IS NULL AND medium <> 'stream';
CREATE INDEX task_notice_of_task ON task_notice (task_id);
CREATE INDEX task_notice_of_message ON task_notice (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX task_notice_newest ON task_notice (officer_id, written_at);
CREATE INDEX task_notice_by_time ON task_notice (written_at);
COMMENT ON TABLE task_notice IS 'which officer is told of which work item; it holds while the item has the version at which it was written';
COMMENT ON COLUMN task_notice.version IS 'of the owner of the item; 0 before the first owner';
COMMENT ON COLUMN task_notice.message_id IS 'the message that states it; null: it waits for one, or is for the screen alone';
