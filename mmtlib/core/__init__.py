"""What everything stands on: errors, names of modalities, files, clips and what networks return."""
