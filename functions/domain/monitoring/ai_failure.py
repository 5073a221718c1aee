"""What logs say when no AI summary could be made; logs may be searched for it."""

FAILED = "AI summary generation failed"
