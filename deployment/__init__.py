"""What a stage of the pipeline does with a stack: preview it, bring it up, publish what runs on it."""
