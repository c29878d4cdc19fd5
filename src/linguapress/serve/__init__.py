"""``linguapress serve``: a web page and a JSON endpoint on this machine."""
