-- Complaints of before 0019 are marked. This reads every complaint, and locks only the rows that it marks.
UPDATE complaint c SET marked = true FROM victim v
    WHERE v.victim_id = c.victim_id AND c.marked IS NOT TRUE AND (v.child OR names_protected_matter(c.category));
