"""What a run learns from: images, cached maps of a frozen backbone, or bags."""
