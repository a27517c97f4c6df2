"""Pages to look at and to print: contact sheets, all groups at a glance, the tree of specimens."""
