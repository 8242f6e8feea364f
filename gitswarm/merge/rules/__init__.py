"""The rules of the merge ladder: one module a rule, one function each, which may decline.

A rule is a pure function of a `Place`. What it answers is checked like a model's answer, by the
ladder; that several rules can answer one hunk is the rule, not the exception.
"""
