-- Officers of before 0148 keep its rule. This reads the table while others write.
ALTER TABLE officer VALIDATE CONSTRAINT officer_id_is_not_reserved;
-- Events of before are smaller than the new limit.
ALTER TABLE officer_event VALIDATE CONSTRAINT officer_event_data_check;
