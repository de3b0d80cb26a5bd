-- A complaint of a child, or about a protected matter, is marked: fewer officers read its case, and banks are told less.
-- The rows that there are get `false` without being written, because this stops intake; 0048 marks them.
ALTER TABLE complaint ADD COLUMN marked boolean DEFAULT false;
ALTER TABLE complaint ALTER COLUMN marked DROP DEFAULT;
COMMENT ON COLUMN complaint.marked IS
    'whether the victim is a child, or the category is one of the protected matters; null counts as false';

-- The terms are those of the policy `marked.terms` of this release.
CREATE FUNCTION names_protected_matter(category text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(category) ~ ('(^|[[:space:][:punct:]])'
        '(sex|cybersex|porn|obscen|nude|nudity|rape|voyeur|stalk|csam|csem|intimate|women|woman|child|यौन|सेक्स|अश्लील|बलात्कार)')
$$;
COMMENT ON FUNCTION names_protected_matter(text) IS
    'Whether a category names a protected matter, for complaints that a process has not looked at.';

-- A process of the release before takes complaints while this one starts, and states nothing.
CREATE FUNCTION complaint_marked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.marked := names_protected_matter(NEW.category)
        OR EXISTS (SELECT FROM victim v WHERE v.victim_id = NEW.victim_id AND v.child);
    RETURN NEW;
END $$;
CREATE TRIGGER complaint_marked BEFORE INSERT ON complaint FOR EACH ROW WHEN (NEW.marked IS NULL)
    EXECUTE FUNCTION complaint_marked();
