"""Takes one image through QA into production, or back: `python -m rollout {scoring,event-handler} --stack S --digest D`.

Every step is idempotent by digest: a run that was interrupted anywhere is finished, or undone, by the same command.
"""
