"""The fully connected CRF of Krähenbühl and Koltun (2011) in PyTorch: unary claims in, soft masks out."""
