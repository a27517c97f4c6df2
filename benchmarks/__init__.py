"""Measurements against named rivals in the same run. They print ratios; nothing here passes or fails."""
