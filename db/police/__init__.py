"""Police: first information reports and statutory duties."""
