"""Label files and photographs in, batches out; annotations back into the tools that people use."""
