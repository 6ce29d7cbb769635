"""How independent reviewers decide appeals: learnt from public decisions."""
