"""Claim rules: what billers know is wrong with a claim before it is sent. No effects.

A rule is one function with its metadata (`rule`), in a module of `families`, which is
found by itself. It reads a `ClaimCase`: the claim and what is on file about it on the
day it is sent. It never guesses: where a fact is missing it cannot tell, and says so.
"""
