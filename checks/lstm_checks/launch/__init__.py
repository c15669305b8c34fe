"""How the subject's process is started, limited, listened to and ended."""
