"""Police officers of a case, its FIRs, and statutory duties."""
