"""The pages, and the tables in them that are made from code."""
