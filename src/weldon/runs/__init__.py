"""The folder of a training run: every file in it is named, written and read here."""
