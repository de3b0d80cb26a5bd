-- Documents of before 0102 keep the rules that were added there. This reads the tables while others write. The triggers come
-- in the next file, because making them stops writers.
ALTER TABLE document VALIDATE CONSTRAINT document_check;
ALTER TABLE document VALIDATE CONSTRAINT document_sealed_is_whole;
ALTER TABLE document VALIDATE CONSTRAINT document_fir_is_named;
ALTER TABLE fir_copy VALIDATE CONSTRAINT fir_copy_hashed;
ALTER TABLE fir_copy VALIDATE CONSTRAINT fir_copy_sealed_is_whole;
ALTER TABLE court_order VALIDATE CONSTRAINT court_order_four_eyes;
ALTER TABLE court_order VALIDATE CONSTRAINT court_order_sealed_is_whole;
ALTER TABLE hearing_waiver VALIDATE CONSTRAINT hearing_waiver_check;
ALTER TABLE hearing_waiver VALIDATE CONSTRAINT hearing_waiver_document_check;
ALTER TABLE hearing_waiver VALIDATE CONSTRAINT hearing_waiver_sealed_is_whole;
ALTER TABLE returned_funds VALIDATE CONSTRAINT returned_funds_sealed_is_whole;
