-- The streams of officers show changes of work items and drafts at once. Most changes of work items come with an event
-- of the case log, which notifies already. These triggers notify of the others: owners, leases and snoozes, items about
-- no case, and drafts that get another owner or end. Intake and answers of banks fire none of them.

CREATE FUNCTION work_item_notifies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('work_item', NEW.task_id::text);
    RETURN NULL;
END $$;

CREATE TRIGGER task_owner_notifies AFTER INSERT OR UPDATE ON task_owner
    FOR EACH ROW EXECUTE FUNCTION work_item_notifies();

CREATE TRIGGER desk_task_notifies AFTER INSERT OR UPDATE ON desk_task
    FOR EACH ROW WHEN (NEW.case_no IS NULL) EXECUTE FUNCTION work_item_notifies();

CREATE FUNCTION draft_notifies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('draft', json_build_array(NEW.draft_id, CASE TG_OP WHEN 'UPDATE' THEN OLD.owner END)::text);
    RETURN NULL;
END $$;

CREATE TRIGGER draft_begun_notifies AFTER INSERT ON draft
    FOR EACH ROW WHEN (NEW.owner IS NULL) EXECUTE FUNCTION draft_notifies();

CREATE TRIGGER draft_given_notifies AFTER UPDATE ON draft
    FOR EACH ROW WHEN (OLD.owner IS DISTINCT FROM NEW.owner OR OLD.ended_at IS DISTINCT FROM NEW.ended_at
        OR OLD.calls <> NEW.calls)
    EXECUTE FUNCTION draft_notifies();
