"""The files of the project: their paths, and how they are written, read and recorded."""
