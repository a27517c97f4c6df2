"""The folder of scans: its specimens and their IDs, the files that scans name, and the files that are passed over."""
