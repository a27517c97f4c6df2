"""What results are made from, which of them are stale, and which files are left over from former runs."""
