"""Fixes of an outgoing claim: a closed catalogue, and the smallest legal set of them.

`catalog.candidates_of` proposes from what is on file; `search.Search` tries them on a
copy of the claim. Nothing here reads a store or a model: how a claim is judged again
is handed in. docs/fixes.md describes every kind.
"""
