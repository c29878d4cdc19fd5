"""Training of the models that linguapress ships (extra ``train``)."""
