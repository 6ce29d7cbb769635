"""denialml: denial risk, root causes and appeals for behavioural-health claims.

Importing the package is cheap: no model library is loaded here. Start from
`denialml.journeys` (the sentences of the product) or the `denialml` command.
"""

__version__ = "0.1.0"
