"""What a resource type in Python needs besides its handlers. It knows no service: another type takes this folder."""
