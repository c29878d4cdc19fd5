"""Data distillation of LLMLingua-2: a teacher compresses by deletion, what it kept becomes labels (arXiv 2403.12968, section 3)."""
