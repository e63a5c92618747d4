"""Who calls, and what they may do: certificates, tokens and roles."""
