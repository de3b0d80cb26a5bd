-- Whoever looks after procedures is woken when there is one to start, one to tell, or a hold to take up.
CREATE FUNCTION procedure_starter_needed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('procedure_starter', '');
    RETURN NULL;
END $$;
CREATE TRIGGER held_hop_wakes_starter AFTER INSERT OR UPDATE OF taken_up_at ON held_hop
    FOR EACH ROW WHEN (NEW.taken_up_at IS NULL) EXECUTE FUNCTION procedure_starter_needed();
CREATE TRIGGER procedure_wakes_starter AFTER INSERT OR UPDATE OF started_at ON procedure
    FOR EACH ROW WHEN (NEW.started_at IS NULL) EXECUTE FUNCTION procedure_starter_needed();
CREATE TRIGGER procedure_news_wakes_starter AFTER INSERT ON procedure_news
    FOR EACH STATEMENT EXECUTE FUNCTION procedure_starter_needed();

-- Money that comes on hold when a restoration is past its verification begins the next round at once.
DROP INDEX restoration_one_open;
