"""Figures in words, as an Indian reader expects them."""

# What rounds up to a whole second, or minute, is told as one.
SECOND = 0.9995
MINUTE = 59.95


def grouped(number: int) -> str:
    """A whole number in Indian grouping: 1,25,00,000."""
    sign, digits = ("-" if number < 0 else ""), str(abs(number))
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return sign + ",".join([*reversed(pairs), tail])


def rupees(paise: int, *, exact: bool = False) -> str:
    """Paise as rupees: ₹1,25,00,000, or ₹1,25,00,000.50 where `exact`; rounded half away from zero otherwise."""
    sign, size = ("-" if paise < 0 else ""), abs(paise)
    whole, rest = divmod(size, 100)
    if exact:
        return f"{sign}₹{grouped(whole)}.{rest:02d}"
    return f"{sign}₹{grouped(whole + (rest >= 50))}"  # noqa: PLR2004 - half a rupee


def duration(seconds: float) -> str:
    """A duration for people: 45 ms, 3.2 s, 4 min 10 s, 2 h 5 min."""
    if seconds < SECOND:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:  # noqa: PLR2004
        return f"{hours} h {minutes} min"
    return f"{hours / 24:.1f} days"


def size(size_bytes: int) -> str:
    """Bytes as MB."""
    return f"{size_bytes / 1024**2:.0f} MB"
