"""Measuring what compression keeps, and what it costs."""
