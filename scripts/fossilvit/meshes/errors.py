"""What is wrong with the content of a mesh file, told without its name: the reader adds that."""


class Unreadable(Exception):
    """The bytes are no sound mesh.

    Parameters
    ----------
    cause : str
        Goes on from the name of the file, e.g. `breaks off within its header`.
    remedy : str
        What the user can do.
    """

    def __init__(self, cause, remedy="copy or export it again"):
        super().__init__(f"{cause}; {remedy}.")

    @classmethod
    def no_number(cls, text, at):
        """Something stands where a number should."""
        before = bytes(text[:at])
        line = before.count(b"\n" if b"\n" in before else b"\r") + 1
        word = bytes(text[at : at + 40]).split(maxsplit=1)[:1]
        shown = word[0].decode("utf-8", "replace") if word else "nothing"
        return cls(f"has {shown!r} in line {line} where a number should be")
