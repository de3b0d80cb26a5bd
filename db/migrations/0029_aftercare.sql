-- Whoever looks after procedures is woken when there is one to start, one to tell, or a hold to take up.
CREATE FUNCTION aftercare_needed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('aftercare', '');
    RETURN NULL;
END $$;
CREATE TRIGGER held_hop_aftercare AFTER INSERT OR UPDATE OF taken_up_at ON held_hop
    FOR EACH ROW WHEN (NEW.taken_up_at IS NULL) EXECUTE FUNCTION aftercare_needed();
CREATE TRIGGER procedure_aftercare AFTER INSERT OR UPDATE OF started_at ON procedure
    FOR EACH ROW WHEN (NEW.started_at IS NULL) EXECUTE FUNCTION aftercare_needed();
CREATE TRIGGER procedure_news_aftercare AFTER INSERT ON procedure_news
    FOR EACH STATEMENT EXECUTE FUNCTION aftercare_needed();

-- Money that comes on hold when a restoration is past its verification begins the next round at once.
DROP INDEX restoration_one_open;
