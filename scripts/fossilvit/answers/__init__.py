"""What the collection answers: clusters, neighbors, and how well both agree with the categories of specimens."""
