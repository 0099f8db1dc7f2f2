"""Bags of instances: from tables and folders of arrays to one array with offsets."""
