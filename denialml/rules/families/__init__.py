"""The rules, by what they are about: one module a family."""
