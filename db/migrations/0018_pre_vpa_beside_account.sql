-- A complainant may know both the account and the VPA of one end of a transfer, and banks find it by either.
ALTER TABLE complaint_transfer ADD COLUMN payer_vpa text, ADD COLUMN payee_vpa text;

COMMENT ON COLUMN complaint_transfer.payer_vpa IS 'the VPA that is stated beside the account';
COMMENT ON COLUMN complaint_transfer.payee_vpa IS 'the VPA that is stated beside the account';
