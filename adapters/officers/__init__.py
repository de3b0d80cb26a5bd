"""Systems of others that know officers."""
