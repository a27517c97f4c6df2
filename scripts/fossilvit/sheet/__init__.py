"""The table of the user about specimens: what it says of every scan."""
