"""What a run learns from, images or bags: labels, network, batches and words, each behind one protocol."""
