"""What encoders made of a vision network share: how it sees a view, what runs it, which of its tokens describe."""
