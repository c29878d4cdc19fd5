"""Models: each turns text into numbers. The only code, besides training, that imports torch."""
