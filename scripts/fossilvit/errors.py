"""What can be wrong that a user can mend, each told in one sentence."""


class UserError(Exception):
    """Something the user asked for cannot be done. The message names the file or setting and says what to do."""


class SpecimenError(UserError):
    """The data of one specimen are bad: recorded as failed, and the collection goes on without it."""
