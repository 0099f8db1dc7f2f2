"""Evidence for and against each class, from image-level labels."""
