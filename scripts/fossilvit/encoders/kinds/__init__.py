"""The kinds of encoders, one per file. Each file registers its kind, and imports nothing heavy before creation."""
