"""One claim's life: original, rejected, denied, corrected, reversed, paid.

`resolve_chain` is the one place where submissions, acknowledgments and payments
that share a patient control number become a state.
"""
