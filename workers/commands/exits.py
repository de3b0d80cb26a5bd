"""How a command ends: its exit codes and its error."""

FAILURE = 1


USAGE = 2


class Failed(Exception):
    """A command that cannot do its work; the text is the one line that says why."""

    def __init__(self, text: str, exit_code: int = FAILURE) -> None:
        super().__init__(text)
        self.exit_code = exit_code
