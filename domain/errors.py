"""Errors that a rule raises. The docstring is the message's first line."""


class RuleBroken(Exception):
    """A rule of the house was broken."""


class InvalidPolicy(RuleBroken):
    """The policy file is not valid."""


class IdempotencyConflict(RuleBroken):
    """The same key was used before with another body."""


class AckNoTaken(RuleBroken):
    """This acknowledgement number is registered with another complaint."""


class NotFound(RuleBroken):
    """There is no such thing."""


class NotNow(RuleBroken):
    """The thing is in a state in which this cannot be done."""


class LimitExceeded(RuleBroken):
    """A limit of the house would be exceeded."""
