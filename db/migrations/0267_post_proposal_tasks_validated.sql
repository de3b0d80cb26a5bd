-- Rows of before 0167 keep its rules. This reads the table while others write.
ALTER TABLE desk_task VALIDATE CONSTRAINT desk_task_about;
ALTER TABLE desk_task VALIDATE CONSTRAINT desk_task_subject_kind_check;
ALTER TABLE desk_task VALIDATE CONSTRAINT desk_task_of_proposal;
