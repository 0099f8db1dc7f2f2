"""What ``weldon val`` measures, a file a measure: which classes are right, and where."""
