"""The simulated world: accounts, banks' behaviour, money flows, and the true figures."""
