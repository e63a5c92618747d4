"""Changing the guidelines of a server that serves: all of its processes, or none.

Nothing is imported here: the parent of several workers coordinates, and loads no guideline itself.
"""
