"""How the small LALM is trained: clips, chats about them, and low-rank updates."""
