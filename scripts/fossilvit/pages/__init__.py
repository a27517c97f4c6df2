"""Contact sheets: pictures of clusters and of neighbors."""
