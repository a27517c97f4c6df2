"""Errors that the user can correct. The message of each is one sentence, which names what is wrong and what to do."""


class UserError(Exception):
    """Something cannot be done as the user wants it. The message names the file or setting and says what to do."""


class SpecimenError(UserError):
    """The data of one specimen are bad. It is recorded as failed, and the collection goes on without it."""

    companions: dict[str, str | None]
    """Name to SHA-256 of the files that the scan names; None for a missing one."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.companions = {}
