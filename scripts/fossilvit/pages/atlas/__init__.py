"""The atlas: one page that shows the whole collection, and the parts that it is made of."""
