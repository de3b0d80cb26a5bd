-- What was answered before 0188 is marked. This locks only the rows that it marks, and comes before their indexes.
UPDATE feed_entry f SET is_answered = true FROM hold_request r
    WHERE r.request_id = f.request_id AND r.first_answered_at IS NOT NULL AND NOT f.is_answered;
UPDATE bank_order o SET first_confirmed_at = c.at
    FROM (SELECT order_id, min(received_at) AS at FROM bank_confirmation GROUP BY order_id) AS c
    WHERE c.order_id = o.order_id AND o.first_confirmed_at IS NULL;
