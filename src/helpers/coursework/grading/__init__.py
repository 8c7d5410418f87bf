"""The grader: submissions read, answers run in a sandbox, checks made outside, marks reported.

The process that grades runs no line of a student's code. `sandbox` starts `worker` behind
bubblewrap; between them goes `wire`'s plain data and nothing else.
"""
