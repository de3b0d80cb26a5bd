-- How long money took to come home is told of the credits of a time, whenever their cases were opened.
CREATE INDEX bank_confirmation_credited ON bank_confirmation (received_at) WHERE applied_paise > 0;
