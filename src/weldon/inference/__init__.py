"""From class maps to answers: evidence, points, boxes, masks, files."""
