"""The wire to the police's own register of first information reports."""
