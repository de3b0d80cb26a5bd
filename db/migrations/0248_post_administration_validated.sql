-- Officers of before 0148 keep its rule. This reads the table while others write.
ALTER TABLE officer VALIDATE CONSTRAINT officer_id_is_not_reserved;
