"""What happens, in which order, and how a person starts it. No technology in here but Prefect."""
