"""From single specimens to the collection: embeddings are pooled, gathered and whitened, and specimens are listed."""
