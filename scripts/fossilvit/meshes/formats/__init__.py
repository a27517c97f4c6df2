"""One parser per file format, and what they share: reading files, numbers in text, colors and textures."""
