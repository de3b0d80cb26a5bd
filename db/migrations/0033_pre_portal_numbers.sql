-- The portal's serials may reach the half of a day that is ours. Where we gave out its number too, both are kept.
ALTER TABLE complaint ADD COLUMN portal_ack_no text;

COMMENT ON COLUMN complaint.portal_ack_no IS 'the number that the portal gave, where it lies in the half that is ours';
