"""What should be shown: truth, policy as SQL, bundles and pools, unseen events, verdicts."""
