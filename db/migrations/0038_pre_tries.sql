-- Inquiries that fail again and again would else stay at the head of the queue, before those that were never tried.
ALTER TABLE lien_inquiry ADD COLUMN tried_at timestamp with time zone;

COMMENT ON COLUMN lien_inquiry.tried_at IS 'when a round last took the inquiry to send it; null if none did';

-- A stranger who knows the reference of a hold could use up the tries of its codes, and keep the holder out.
ALTER TABLE appeal_code ADD COLUMN tries_by jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(tries_by) = 'object');

COMMENT ON COLUMN appeal_code.tries_by IS 'tries by digest of the address that they came from';
