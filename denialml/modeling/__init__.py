"""Denial risk and root cause: facts, history, features, training, bundle, explanation.

`facts` says what was on file about a line on a day, `history` what remittances had
taught by then, `features` turns both into numbers, `denial_risk` scores. Training and
MLflow (`training`, `canary`, `registry`) are never imported to score.
"""
