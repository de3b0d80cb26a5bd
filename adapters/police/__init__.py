"""The wire to the register of first information reports (FIR) of the police."""
