"""Exit codes of commands, and the error that ends a command."""

FAILURE = 1


USAGE = 2


class Failed(Exception):
    """A command cannot do its work; the text is one line with the reason."""

    def __init__(self, text: str, exit_code: int = FAILURE) -> None:
        super().__init__(text)
        self.exit_code = exit_code
