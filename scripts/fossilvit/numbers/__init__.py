"""Vector algebra: `vectors` on arrays, `triples` on three numbers inside compiled code."""
