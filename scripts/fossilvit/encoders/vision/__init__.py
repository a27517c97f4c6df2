"""What encoders with a vision network share: how the network sees a view, its weights, what runs it, its tokens."""
