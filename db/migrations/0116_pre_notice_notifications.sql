-- A screen had to read its list of notices again and again to see a new one. Each statement that writes notices now notifies
-- once of every officer who has one.

CREATE FUNCTION task_notice_notifies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('task_notice', officer_id) FROM written GROUP BY officer_id;
    RETURN NULL;
END $$;

CREATE TRIGGER task_notice_notifies AFTER INSERT ON task_notice
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION task_notice_notifies();
