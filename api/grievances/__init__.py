"""Routes about grievances of account holders, and about the officers who decide them."""
