-- outside a transaction
-- The portal gives a number to one complaint.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS complaint_portal_ack_no ON complaint (portal_ack_no)
    WHERE portal_ack_no IS NOT NULL;
