"""Packages and releases: the platform and each business workflow on their own, the same bytes each time they are made."""
