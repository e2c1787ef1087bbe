"""The class that agents used before there was a module, on top of the module: the same methods, arguments and answers.

`jobs` says what each method does, `shapes` how its answer looks; `blocking` and `awaiting` are the classes.
"""
