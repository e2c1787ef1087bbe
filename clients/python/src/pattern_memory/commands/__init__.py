"""One function per command of the module: from typed arguments to a `Request`, which both worlds then carry out.

No function here waits for anything. Those whose first argument is `repo` are methods of `Repo`, the others of `Memory`.
"""
