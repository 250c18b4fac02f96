"""The rules of the house as programs: each takes a parsed module or a text and gives back findings.

Standard library only, so that the rules run inside a bare guest as well as in the tests.
"""
