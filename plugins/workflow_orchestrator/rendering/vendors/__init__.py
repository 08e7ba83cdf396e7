"""Vendors that make clips: HeyGen, Synthesia and the video models of Amazon Bedrock, behind one interface (`clips.py`)."""
