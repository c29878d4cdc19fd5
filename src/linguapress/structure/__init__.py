"""What a text shows of its form, without a model: what belongs together, and what a sentence cannot be read without.

All of it takes a text, or its units, and returns spans or units; of queries, scores and budgets nothing here knows.

- more than prose: :mod:`blocks` (fences) with :mod:`json_blocks` and :mod:`json_records`, :mod:`tables`, :mod:`layout` and
  :mod:`nesting` (code, logs), :mod:`markup` (HTML), :mod:`aligned` (tables in plain text)
- what is above: :mod:`headings` with :mod:`underlined`, :mod:`outline` and :mod:`furniture`, :mod:`lists`, :mod:`item_labels`,
  :mod:`sections`
- who speaks, and what was asked: :mod:`speakers` with :mod:`stamps` and :mod:`label_keys`, :mod:`replies`, :mod:`asked`
- inside of sentences: :mod:`subjects`, :mod:`names`, :mod:`negation`
"""
