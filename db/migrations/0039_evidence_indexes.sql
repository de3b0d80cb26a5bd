-- The evidence of a case reads the jobs of its requests and every confirmation of its orders, duplicates too.
CREATE INDEX request_job_request ON request_job (request_id);
CREATE INDEX bank_confirmation_order ON bank_confirmation (order_id);
