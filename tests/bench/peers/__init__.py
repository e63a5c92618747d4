"""The engines that rashpath is compared with, each with the sub-guideline in its own language.

Every module has `decider()`, which prepares the engine once and returns a function from plain facts
to the outcome. What a peer compiles ahead is compiled ahead; its input is ready in the form that it
takes, so that no peer pays for a conversion that its users could spare.
"""
