"""What must hold across the keys of `workflow.yaml` and its files, and no JSON Schema can say.

    header       name, format, platform, schedule        names        one name, one thing
    catches      where a failure leads                   artifacts    what a step needs is made before, on every way
    times        timeouts that fit into each other       prompts      every variable has a source
    conditions   over values that exist                  calls        the other workflow and what it gives
    messages     channels and their templates

Every check reads defensively, so that it also runs over a file that has other problems.
"""
