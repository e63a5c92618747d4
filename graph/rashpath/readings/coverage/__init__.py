"""Coverage: what cases show of a guideline, cases made from it, and guidelines with a fault."""
