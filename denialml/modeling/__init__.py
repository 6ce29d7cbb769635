"""Denial risk and root cause, in four rooms: knowledge, risk, root_cause, retraining.

`knowledge` says what was on file about a line on a day and what remittances had taught
by then. `risk` turns that into numbers, trains and scores; `root_cause` says why a line
was denied. Training and MLflow are never imported to score.
"""
