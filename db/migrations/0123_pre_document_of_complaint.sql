-- outside a transaction
-- A victim reads the documents of the own complaint.
CREATE INDEX CONCURRENTLY IF NOT EXISTS document_complaint ON document (ack_no, issued_at DESC) WHERE ack_no IS NOT NULL;
