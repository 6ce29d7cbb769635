"""JSON under /v1: each module is one thing, each function one row of the API."""
