"""Losses on class scores."""
