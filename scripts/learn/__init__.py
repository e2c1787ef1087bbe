"""The main job of Pattern Memory on real input: a linter run over a code base, remembered.

`codebase` finds the files, `findings` runs the linter, `conventions` and `snippets` read what the
code itself does, `fixes` tries the linter's fixes, `memory` hands it all to the module, `report` lays
out what the module answers, `progress` says how far it is. `__main__` puts them in a row.
"""
