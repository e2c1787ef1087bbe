"""The job of `scripts/bench`: what the module's commands cost, side by side with what else could do their work.

| file | holds |
| --- | --- |
| `wire`, `gauges`, `rounds` | sending, reading the server's own figures, taking turns |
| `workload` | what is counted, fixed and learned |
| `functions.lua`, `raw_commands`, `replaced_class` | the contenders beside the module |
| `memory`, `writes`, `storing`, `scan`, `insights`, `growth` | the measurements |
| `results`, `report`, `chart` | what they found, on the terminal and as a drawing |
"""
