"""Grievances of account holders, and the officers who decide on them."""
