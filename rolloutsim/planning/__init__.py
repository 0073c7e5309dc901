"""Questions that take more than one run to answer.

`replicate` (the same again with other seeds), `compare` (which is faster, and surely so), `sweep` (at many points),
`solve` (what does it take), `what_if` (what would have been faster), `sensitivity` (which input matters most).
"""
