"""The vocabulary: one frozen type per thing of the field, and no effects.

Money is `Decimal` dollars, days are `date`, codes are strings exactly as sent.
Facts (claims, remittances, what the practice knows) and judgments (risk, root
cause, deadlines, drafts) are separate records: a `Claim` never gains a risk.
"""
