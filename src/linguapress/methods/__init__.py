"""Methods: each decides what to keep from numbers that it is given; none loads a model."""
